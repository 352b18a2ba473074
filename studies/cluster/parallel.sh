#!/bin/sh
# One study over the cores of one machine, or with --sshlogin of several, by GNU parallel: sh parallel.sh STUDY OUT SHARDS
exec parallel --joblog "$2.log" --resume-failed --retries 3 --jobs "${JOBS:-100%}" "${HYPPREC:-hypprec} sweep $1 --out $2 --shard {}/$3 --resume --jobs 1" ::: $(seq "$3")

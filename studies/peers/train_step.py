"""What a training step of the 20-50-500-n network costs in torch, with a linear head: the yardstick of benches/train_step.rs.

    python studies/peers/train_step.py [threads]

Batch 64, Adam, negative log-likelihood, f32; the median, the fastest and the slowest tenth of 200 steps after 20 others,
in milliseconds.
"""

import sys
import time

import torch
from torch import nn

BATCH, SIDE, DIM, CLASSES = 64, 28, 16, 10
WARM, STEPS = 20, 200

threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
torch.set_num_threads(threads)
torch.manual_seed(1)
network = nn.Sequential(
    nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(20, 50, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, DIM), nn.Linear(DIM, CLASSES), nn.LogSoftmax(1),
)
optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
images, labels = torch.randn(BATCH, 1, SIDE, SIDE), torch.randint(CLASSES, (BATCH,))
times = []
for _ in range(WARM + STEPS):
    started = time.perf_counter()
    optimiser.zero_grad()
    loss = nn.functional.nll_loss(network(images), labels)
    loss.backward()
    optimiser.step()
    loss.item()
    times.append(1e3 * (time.perf_counter() - started))
times = sorted(times[WARM:])
at = lambda share: times[int(share * (STEPS - 1))]
print(f"torch {torch.__version__}, {threads} threads: {at(0.5):.1f} ms ({at(0.1):.1f} to {at(0.9):.1f})")

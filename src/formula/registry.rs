//! The registry: every published way of writing every operation, one line each, callable by id in any arithmetic.

use super::lifted::{self, Lifted, LiftedOf};
use super::{Space, add, along, distance, exp_log, mlr, radial, wide};
use crate::arithmetic::{Real, Vector};
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// What a point's coordinates mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Model {
    /// The Poincaré ball, n coordinates.
    Poincare,
    /// The hyperboloid, n space coordinates; time is √(1/c + ‖s‖²), also where something is differentiated.
    Lorentz,
    /// The hyperboloid, n + 1 coordinates, time first. What it canonically means is what its space coordinates mean. Own
    /// derivatives are by all n + 1, each moving alone ([`ambient`](super::ambient)).
    LorentzAmbient,
    /// Klein's (Beltrami's) ball, n coordinates.
    Klein,
}

/// What an operation's answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Scalar,
    Point,
    /// A tangent vector at the input of this name; `None`: at the origin.
    Tangent(Option<Input>),
}

/// The inputs that an operation can take, by the name of their column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Input {
    X,
    Y,
    V,
    P,
    A,
    T,
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Point,
    Tangent { at: Option<Input> },
    Number,
}

macro_rules! names {
    ($type:ident, $what:literal, $($variant:ident => $name:literal),* $(,)?) => {
        impl $type {
            /// All of them, in the order in which they are listed.
            pub const ALL: &'static [$type] = &[$($type::$variant),*];
            /// The name used on the command line and in tables.
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.pad(self.name())
            }
        }
        impl FromStr for $type {
            type Err = UnknownName;
            fn from_str(name: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|x| x.name() == name).ok_or_else(|| UnknownName {
                    what: $what,
                    name: name.to_owned(),
                    known: Self::ALL.iter().map(|x| x.name()).collect(),
                })
            }
        }
    };
}

/// A name that stands for nothing here, and those that do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("unknown {what} `{name}`; known: {}", known.join(", "))]
pub struct UnknownName {
    pub what: &'static str,
    pub name: String,
    pub known: Vec<&'static str>,
}

names!(Model, "model", Poincare => "poincare", Lorentz => "lorentz", LorentzAmbient => "lorentz-ambient", Klein => "klein");
names!(Input, "input", X => "x", Y => "y", V => "v", P => "p", A => "a", T => "t");

/// An operation of hyperbolic geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    Distance,
    OriginDistance,
    ConformalFactor,
    Add,
    Scale,
    Exp,
    Log,
    Exp0,
    Log0,
    Transport,
    Geodesic,
    Midpoint,
    Gyration,
    Mlr,
    Convert,
    /// To another model and back.
    RoundTrip,
    Project,
}

names!(Op, "operation", Distance => "distance", OriginDistance => "origin_distance", ConformalFactor => "conformal_factor",
    Add => "add", Scale => "scale", Exp => "exp", Log => "log", Exp0 => "exp0", Log0 => "log0", Transport => "transport",
    Geodesic => "geodesic", Midpoint => "midpoint", Gyration => "gyration", Mlr => "mlr", Convert => "convert",
    RoundTrip => "round_trip", Project => "project");

impl Op {
    /// The inputs, in order, and what each is.
    pub const fn inputs(self) -> &'static [(Input, Role)] {
        use Input::*;
        const POINT_X: (Input, Role) = (X, Role::Point);
        const POINT_Y: (Input, Role) = (Y, Role::Point);
        const V_AT_X: (Input, Role) = (V, Role::Tangent { at: Some(X) });
        const T_NUMBER: (Input, Role) = (T, Role::Number);
        match self {
            Op::Distance | Op::Add | Op::Log => &[POINT_X, POINT_Y],
            Op::OriginDistance | Op::ConformalFactor | Op::Convert | Op::RoundTrip | Op::Project => &[POINT_X],
            Op::Scale => &[T_NUMBER, POINT_X],
            Op::Exp => &[POINT_X, V_AT_X],
            Op::Exp0 => &[(V, Role::Tangent { at: None })],
            Op::Log0 => &[POINT_Y],
            Op::Transport => &[POINT_X, POINT_Y, V_AT_X],
            Op::Geodesic | Op::Midpoint => &[POINT_X, POINT_Y, T_NUMBER],
            Op::Gyration => &[POINT_X, POINT_Y, (V, Role::Point)],
            Op::Mlr => &[POINT_X, (P, Role::Point), (A, Role::Tangent { at: Some(P) })],
        }
    }
    /// Whether it goes to, or by way of, another model.
    pub const fn has_target(self) -> bool {
        matches!(self, Op::Convert | Op::RoundTrip)
    }
    /// What the answer is.
    pub const fn kind(self) -> Kind {
        match self {
            Op::Distance | Op::OriginDistance | Op::ConformalFactor | Op::Mlr => Kind::Scalar,
            Op::Log => Kind::Tangent(Some(Input::X)),
            Op::Log0 => Kind::Tangent(None),
            Op::Transport => Kind::Tangent(Some(Input::Y)),
            _ => Kind::Point,
        }
    }
}

/// One published way of writing one operation.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    pub op: Op,
    pub models: &'static [Model],
    /// Unique among the variants of the operation in each of its models.
    pub id: &'static str,
    /// A key of studies/references.bib.
    pub cite: &'static str,
    pub formula: &'static str,
    /// Where it loses digits; empty where nothing but storage limits it.
    pub weak: &'static str,
}

/// The id of the project's own variant of every operation in every model, which is the library's default.
pub const BEST: &str = "best";

/// The inputs of one evaluation. Vectors have the model's number of coordinates.
pub struct Query<'a, V: Vector + ?Sized> {
    pub space: &'a Space<V::Elem>,
    pub model: Model,
    /// The model that [`Op::Convert`] goes to and [`Op::RoundTrip`] comes back from.
    pub to: Model,
    pub x: Option<&'a V>,
    pub y: Option<&'a V>,
    pub v: Option<&'a V>,
    pub p: Option<&'a V>,
    pub a: Option<&'a V>,
    pub t: Option<&'a V::Elem>,
}

/// A value of an operation.
#[derive(Clone, Debug)]
pub enum Answer<O, R> {
    Scalar(R),
    Vector(O),
}

impl<S> Answer<Vec<S>, S> {
    /// Its numbers: one, or a vector's.
    pub fn components(self) -> Vec<S> {
        match self {
            Answer::Scalar(x) => vec![x],
            Answer::Vector(x) => x,
        }
    }
}

/// [`Answer`] over a vector type.
pub type AnswerOf<V> = Answer<<V as Vector>::Owned, <V as Vector>::Elem>;

/// A vector that is borrowed, or was cut out of a longer one.
enum Part<'a, V: Vector + ?Sized> {
    Borrowed(&'a V),
    Owned(V::Owned),
}

impl<V: Vector + ?Sized> Deref for Part<'_, V> {
    type Target = V;
    fn deref(&self) -> &V {
        match self {
            Part::Borrowed(v) => v,
            Part::Owned(v) => v.borrow(),
        }
    }
}

/// A registry line asks only for the inputs that its operation lists, which callers have checked with [`Op::inputs`].
const LISTED: &str = "the inputs of an operation are those that it lists";

impl<'a, V: Vector + ?Sized> Query<'a, V> {
    /// A query without inputs.
    pub fn new(space: &'a Space<V::Elem>, model: Model) -> Self {
        Query { space, model, to: model, x: None, y: None, v: None, p: None, a: None, t: None }
    }
    fn x(&self) -> &'a V {
        self.x.expect(LISTED)
    }
    fn y(&self) -> &'a V {
        self.y.expect(LISTED)
    }
    fn v(&self) -> &'a V {
        self.v.expect(LISTED)
    }
    fn p(&self) -> &'a V {
        self.p.expect(LISTED)
    }
    fn a(&self) -> &'a V {
        self.a.expect(LISTED)
    }
    fn t(&self) -> &'a V::Elem {
        self.t.expect(LISTED)
    }
    /// The space coordinates of a Lorentz vector.
    fn s(&self, x: &'a V) -> Part<'a, V> {
        match self.model {
            Model::LorentzAmbient => Part::Owned(x.split_time().1),
            _ => Part::Borrowed(x),
        }
    }
    /// A Lorentz point with the time that it carries, or with time recomputed where it carries none.
    fn lifted(&self, x: &V) -> LiftedOf<V> {
        match self.model {
            Model::LorentzAmbient => {
                let (t, s) = x.split_time();
                Lifted { t, s }
            }
            _ => lifted::lift(self.space, x),
        }
    }
    /// A Lorentz tangent vector at x, likewise.
    fn lifted_tangent(&self, x: &LiftedOf<V>, v: &V) -> LiftedOf<V> {
        match self.model {
            Model::LorentzAmbient => {
                let (t, s) = v.split_time();
                Lifted { t, s }
            }
            _ => lifted::lift_tangent(x, v),
        }
    }
    /// A point of `model` from its space coordinates: with time in front where the model stores it.
    fn point_in(&self, model: Model, s: V::Owned) -> AnswerOf<V> {
        Answer::Vector(match model {
            Model::LorentzAmbient => s.borrow().with_time(radial::lorentz_time(self.space, s.borrow())),
            _ => s,
        })
    }
    fn point(&self, s: V::Owned) -> AnswerOf<V> {
        self.point_in(self.model, s)
    }
    fn lifted_in(&self, model: Model, x: LiftedOf<V>) -> AnswerOf<V> {
        Answer::Vector(match model {
            Model::LorentzAmbient => x.s.borrow().with_time(x.t),
            _ => x.s,
        })
    }
    fn lifted_answer(&self, x: LiftedOf<V>) -> AnswerOf<V> {
        self.lifted_in(self.model, x)
    }
    /// A tangent vector at the point with space coordinates `s`: with its time component c⟨s,v⟩/(√c · √c t) in front where
    /// the model stores it.
    fn tangent(&self, s: &V, v: V::Owned) -> AnswerOf<V> {
        Answer::Vector(match self.model {
            Model::LorentzAmbient => {
                let time = s.dot_wide(v.borrow()) * &self.space.wide_root / &wide::cosh_radius(self.space, s);
                v.borrow().with_time(V::Elem::narrow(time, &self.space.c))
            }
            _ => v,
        })
    }
    /// A tangent vector at the origin, whose time component is 0.
    fn tangent0(&self, v: V::Owned) -> AnswerOf<V> {
        Answer::Vector(match self.model {
            Model::LorentzAmbient => v.borrow().with_time(self.space.lit(0.0)),
            _ => v,
        })
    }
    /// x after the variant `id` of the conversion to `to`, and then of the conversion back.
    fn there_and_back(&self, id: &str) -> AnswerOf<V> {
        let by =
            |from: Model| variant(Op::Convert, from, id).expect("every model converts by the ids of its round trips");
        match apply(by(self.model), self) {
            Answer::Vector(there) => {
                let back = Query { to: self.model, x: Some(there.borrow()), ..Query::new(self.space, self.to) };
                apply(by(self.to), &back)
            }
            scalar => scalar,
        }
    }
    /// The two weights 1 − t and t of a midpoint, neither rounded to the arithmetic of t.
    fn wide_weights(&self) -> [<V::Elem as Real>::Wide; 2] {
        let t = self.t().widen();
        [t.clone().one_minus(), t]
    }
    /// The two weights 1 − t and t of a midpoint.
    fn weights(&self) -> [V::Elem; 2] {
        [self.t().clone().one_minus(), self.t().clone()]
    }
}

macro_rules! registry {
    ($($op:ident $($model:ident)|+ $id:literal [$cite:literal] $formula:literal, $weak:literal => |$q:ident, $k:ident| $body:expr;)*) => {
        /// Every variant.
        pub const REGISTRY: &[Variant] = &[$(Variant {
            op: Op::$op, models: &[$(Model::$model),+], id: $id, cite: $cite, formula: $formula, weak: $weak,
        }),*];

        /// The formula of `variant` on the query's vectors as they are.
        fn evaluate<V: Vector + ?Sized>(variant: &Variant, query: &Query<V>) -> AnswerOf<V> {
            match (variant.op, query.model, variant.id) {
                $((Op::$op, $(Model::$model)|+, $id) => { let ($q, $k) = (query, query.space); $body })*
                (op, model, id) => unreachable!("no variant {id} of {op} in {model}"),
            }
        }
    };
}

/// The value of `variant` for `query`, in the arithmetic of the query's vectors. The project's own variants are evaluated with
/// exponents that have no end ([`Real::Unbounded`]) where a power of an input could leave the range of the scratch space, or
/// something has: only an answer that is itself beyond the largest number is infinite.
pub fn apply<V: Vector + ?Sized>(variant: &Variant, query: &Query<V>) -> AnswerOf<V> {
    // A round trip stores its points on the way, and is two conversions that look for themselves.
    if variant.id != BEST || variant.op == Op::RoundTrip {
        return evaluate(variant, query);
    }
    if query.is_safe() {
        let answer = evaluate(variant, query);
        let finite = match &answer {
            Scalar(x) => x.is_finite(),
            Coordinates(x) => x.borrow().is_finite(),
        };
        if finite {
            return answer;
        }
    }
    query.rounded(variant)
}

impl<V: Vector + ?Sized> Query<'_, V> {
    fn vectors(&self) -> [Option<&V>; 5] {
        [self.x, self.y, self.v, self.p, self.a]
    }
    /// Whether powers of every input stay inside the range of the scratch space.
    pub(super) fn is_safe(&self) -> bool {
        self.space.c.is_safe()
            && self.t.is_none_or(Real::is_safe)
            && self.vectors().into_iter().flatten().all(Vector::is_safe)
    }
    /// What `f` gives for the same query over numbers whose exponents have no end.
    pub(super) fn unbounded<T>(&self, f: impl FnOnce(&Query<V::Unbounded>) -> T) -> T {
        let space = self.space.unbounded();
        let t = self.t.map(Real::unbounded);
        let vectors = self.vectors().map(|x| x.map(Vector::unbounded));
        let [x, y, v, p, a] = vectors.each_ref().map(|x| x.as_ref().map(Borrow::borrow));
        f(&Query { space: &space, model: self.model, to: self.to, x, y, v, p, a, t: t.as_ref() })
    }
    /// The answer of `variant` from numbers whose exponents have no end, rounded to the query's own.
    fn rounded(&self, variant: &Variant) -> AnswerOf<V> {
        let c = &self.space.c;
        match self.unbounded(|query| evaluate(variant, query)) {
            Scalar(x) => Scalar(Real::bounded(x, c)),
            Coordinates(x) => {
                let x = V::bounded(x.borrow(), c);
                let model = if variant.op == Op::Convert { self.to } else { self.model };
                let in_ball = variant.op.kind() == Kind::Point && model.is_ball();
                // Rounding once more may put a point of a ball on its rim.
                Coordinates(if in_ball { x.borrow().pull_inside(c) } else { x })
            }
        }
    }
}

use Answer::{Scalar, Vector as Coordinates};

registry! {
    Distance Poincare "best" ["hypprec"] "(2/√c) arsinh(√c‖x−y‖/√(g_x g_y)), differences and gaps exact", "" => |q, k| Scalar(distance::poincare(k, q.x(), q.y()));
    Distance Poincare "B1" ["ganea2018"] "(2/√c) artanh(√c‖(−x)⊕y‖)", "rim: half the radius that storage allows" => |q, k| Scalar(distance::mobius(k, q.x(), q.y()));
    Distance Poincare "B1-log" ["hyptorch"] "B1, artanh a = ½(ln(1+a) − ln(1−a))", "rim; close pairs" => |q, k| Scalar(distance::mobius_log(k, q.x(), q.y()));
    Distance Poincare "B1-log1p" ["hyperbolix"] "B1, artanh a = ½ log1p(2a/(1−a))", "rim" => |q, k| Scalar(distance::mobius_log1p(k, q.x(), q.y()));
    Distance Poincare "B2" ["shimizu2021"] "(2/√c) artanh(√c‖x−y‖/√(1−2c⟨x,y⟩+c²‖x‖²‖y‖²))", "rim" => |q, k| Scalar(distance::mobius_norm(k, q.x(), q.y()));
    Distance Poincare "B3a" ["nickel2017"] "(1/√c) ln(a+√(a²−1)), a = 1+2δ", "close pairs" => |q, k| Scalar(distance::arcosh_log(k, q.x(), q.y()));
    Distance Poincare "B3b" ["manifoldsjl"] "(1/√c) arcosh(1+2δ)", "close pairs" => |q, k| Scalar(distance::arcosh(k, q.x(), q.y()));
    Distance Poincare "B3c" ["hypegrl"] "(1/√c) log1p(t+√(t(t+2))), t = 2δ", "gap as it stands" => |q, k| Scalar(distance::arcosh_log1p(k, q.x(), q.y()));
    Distance Poincare "B4" ["gam"] "(2/√c) arsinh √δ", "gap as it stands" => |q, k| Scalar(distance::arsinh(k, q.x(), q.y()));
    Distance Poincare "B4-factored" ["gam"] "B4, g = (1−√c‖x‖)(1+√c‖x‖)", "the root in ‖x‖" => |q, k| Scalar(distance::arsinh_factored(k, q.x(), q.y()));
    Distance Poincare "B4-gram" ["gam"] "B4, ‖x−y‖² = ‖x‖²−2⟨x,y⟩+‖y‖²", "close pairs" => |q, k| Scalar(distance::arsinh_gram(k, q.x(), q.y()));
    Distance Poincare "B4-eft" ["ogita2005"] "B4, g by error-free transformations", "" => |q, k| Scalar(distance::arsinh_compensated(k, q.x(), q.y()));
    Distance Poincare "B5" ["stable-hyperbolic"] "lift, then (1/√c) arcosh(−c⟨X,Y⟩)", "close pairs; far pairs" => |q, k| Scalar(distance::through_lorentz(k, q.x(), q.y()));

    Distance Lorentz | LorentzAmbient "best" ["hypprec"] "(2/√c) arsinh h, 2h² = (c‖x−y‖²+c²‖x∧y‖²)/(T_xT_y+c⟨x,y⟩+1), space coordinates only; another sum where ⟨x,y⟩ < 0", "" => |q, k| Scalar(distance::lorentz(k, &*q.s(q.x()), &*q.s(q.y())));
    Distance Lorentz | LorentzAmbient "L1" ["nickel2018"] "(1/√c) arcosh(−c⟨x,y⟩_L)", "close pairs at any radius" => |q, k| Scalar(distance::lorentz_arcosh::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Distance Lorentz | LorentzAmbient "L2" ["manifoldsjl"] "(2/√c) arsinh(½√(c⟨x−y,x−y⟩_L))", "radial pairs" => |q, k| Scalar(distance::lorentz_chord::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Distance Lorentz | LorentzAmbient "L3" ["hyperball"] "L1, √(2δ) below δ = 10⁻⁶", "close pairs far out" => |q, k| Scalar(distance::lorentz_taylor::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Distance Lorentz | LorentzAmbient "L4" ["geomstats"] "(1/√c) arcosh(−⟨x,y⟩/√|⟨x,x⟩⟨y,y⟩|)", "far out, where ⟨x,x⟩ cancels" => |q, k| Scalar(distance::lorentz_normalised::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Distance Lorentz | LorentzAmbient "L5" ["mathse4899272"] "log1p(v+√(v(v+2)))/√c, v = (c²Σ(x_i y_j−x_j y_i)²+c‖x−y‖²)/(c t_x t_y+c⟨x,y⟩+1)", "O(n²); opposite sides" => |q, k| Scalar(distance::lorentz_cross::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Distance Lorentz | LorentzAmbient "L5s" ["hypprec"] "(2/√c) arsinh(√m/2) from x−y and x+y", "the cross term as it stands" => |q, k| Scalar(distance::lorentz_sum_difference::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Distance Lorentz | LorentzAmbient "L5h" ["hyperbolix"] "(2/√c) arsinh √(P²+(c/4)r_x r_y‖x̂−ŷ‖²)", "close pairs far out" => |q, k| Scalar(distance::lorentz_haversine::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Distance Lorentz | LorentzAmbient "L6" ["hypegrl"] "polar: m = 2sinh²(Δρ/2)+½ sinh ρ_x sinh ρ_y‖u_x−u_y‖²", "close pairs far out" => |q, k| Scalar(distance::lorentz_polar::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));

    Distance Klein "best" ["hypprec"] "(1/√c) arsinh(√c√(g_x‖w‖²+c⟨x,w⟩²)/√(g_x g_y)), differences and gaps exact", "" => |q, k| Scalar(distance::klein(k, q.x(), q.y()));
    Distance Klein "K1" ["mao2024"] "(1/√c) arcosh((1−c⟨x,y⟩)/√(g_x g_y))", "close pairs; rim" => |q, k| Scalar(distance::klein_arcosh(k, q.x(), q.y()));
    Distance Klein "K2" ["hyperbolix"] "(1/√c) arsinh √(c(g_x‖w‖²+c⟨x,w⟩²)/(g_x g_y))", "gap as it stands" => |q, k| Scalar(distance::klein_arsinh(k, q.x(), q.y()));
    Distance Klein "KP" ["khrulkov2020"] "to the ball, then B4", "rim" => |q, k| Scalar(distance::klein_through_poincare(k, q.x(), q.y()));

    OriginDistance Poincare "best" ["hypprec"] "(2/√c) arsinh(√c‖x‖/√g), g exact", "" => |q, k| Scalar(radial::poincare_radius(k, q.x()));
    OriginDistance Poincare "artanh" ["ganea2018"] "(2/√c) artanh(√c‖x‖)", "rim" => |q, k| Scalar(radial::ball_radius_artanh(k, q.x()));
    OriginDistance Poincare "arsinh" ["gam"] "(2/√c) arsinh(√c‖x‖/√g)", "gap as it stands" => |q, k| Scalar(radial::ball_radius_arsinh(k, q.x()));
    OriginDistance Lorentz | LorentzAmbient "best" ["hypprec"] "(1/√c) arsinh(√c‖s‖)", "" => |q, k| Scalar(radial::lorentz_radius(k, &*q.s(q.x())));
    OriginDistance Lorentz | LorentzAmbient "arcosh" ["nickel2018"] "(1/√c) arcosh(√c t)", "near the origin" => |q, k| Scalar(radial::lorentz_radius_arcosh::<V>(k, &q.lifted(q.x())));
    OriginDistance Klein "best" ["hypprec"] "(1/√c) arsinh(√c‖x‖/√g), g exact", "" => |q, k| Scalar(radial::klein_radius(k, q.x()));
    OriginDistance Klein "artanh" ["mao2024"] "(1/√c) artanh(√c‖x‖)", "rim" => |q, k| Scalar(radial::klein_radius_artanh(k, q.x()));

    ConformalFactor Poincare "best" ["hypprec"] "2/g, g exact", "" => |q, k| Scalar(radial::conformal_factor(k, q.x()));
    ConformalFactor Poincare "plain" ["ganea2018"] "2/(1−c‖x‖²)", "rim" => |q, k| Scalar(radial::conformal_factor_plain(k, q.x()));
    ConformalFactor Poincare "factored" ["gam"] "2/((1−√c‖x‖)(1+√c‖x‖))", "the root in ‖x‖" => |q, k| Scalar(radial::conformal_factor_factored(k, q.x()));

    Add Poincare "best" ["hypprec"] "(g_x(x+y)+c‖x+y‖²x)/(g_x g_y+c‖x+y‖²)", "" => |q, k| Coordinates(add::poincare(k, q.x(), q.y()));
    Add Poincare "mobius" ["ganea2018"] "((1+2c⟨x,y⟩+c‖y‖²)x+(1−c‖x‖²)y)/(1+2c⟨x,y⟩+c²‖x‖²‖y‖²)", "x ≈ −y; rim" => |q, k| Coordinates(add::mobius(k, q.x(), q.y()));
    Add Lorentz | LorentzAmbient "best" ["hypprec"] "y across x as it is, (T_x⟨x,y⟩+‖x‖²T_y)/‖x‖² of x along it, regrouped inwards, where that cancels", "" => |q, k| q.point(add::lorentz(k, &*q.s(q.x()), &*q.s(q.y())));
    Add Lorentz | LorentzAmbient "boost" ["chen2022"] "y + (√c t_y + c⟨x,y⟩/(1+√c t_x))x", "x ≈ −y" => |q, k| q.lifted_answer(add::boost::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Add Klein "best" ["hypprec"] "(√g_x s + c⟨x,s⟩x/(1+√g_x))/(½(g_x+g_y+c‖s‖²)), s = x+y", "" => |q, k| Coordinates(add::klein(k, q.x(), q.y()));
    Add Klein "einstein" ["ungar2008"] "(x + y/γ_x + cγ_x/(1+γ_x)⟨x,y⟩x)/(1+c⟨x,y⟩)", "x ≈ −y; rim" => |q, k| Coordinates(add::einstein(k, q.x(), q.y()));
    Add Klein "einstein-regrouped" ["hyperbolix"] "(√g_x s + c⟨x,s⟩x/(1+√g_x))/(g_x + c⟨x,s⟩), s = x+y", "rim" => |q, k| Coordinates(add::einstein_regrouped(k, q.x(), q.y()));

    Scale Poincare | Klein "best" ["hypprec"] "tanh(t arsinh(√c‖x‖/√g)) x/(√c‖x‖), g exact", "" => |q, k| Coordinates(radial::ball_scale(k, q.t(), q.x()));
    Scale Poincare | Klein "tanh" ["ganea2018"] "tanh(t artanh(√c‖x‖)) x/(√c‖x‖)", "rim; x = 0" => |q, k| Coordinates(radial::ball_scale_tanh(k, q.t(), q.x()));
    Scale Lorentz | LorentzAmbient "best" ["hypprec"] "sinh(t arsinh(√c‖s‖)) s/(√c‖s‖)", "" => |q, k| q.point(radial::lorentz_scale(k, q.t(), &*q.s(q.x())));
    Scale Lorentz | LorentzAmbient "arcosh" ["chen2022"] "exp₀(t log₀ x) with arcosh(√c t_x)", "near the origin" => |q, k| q.lifted_answer(radial::lorentz_scale_arcosh::<V>(k, q.t(), &q.lifted(q.x())));

    Exp Poincare "best" ["hypprec"] "((g_x+c‖x+y‖²)x+g_x y)/(g_x g_y+c‖x+y‖²), y = tanh(√c‖v‖/g_x)v/(√c‖v‖), wide", "" => |q, k| Coordinates(exp_log::poincare_exp(k, q.x(), q.v()));
    Exp Poincare "tanh" ["ganea2018"] "x ⊕ (tanh(√cλ_x‖v‖/2)v/(√c‖v‖))", "rim; v = 0" => |q, k| Coordinates(exp_log::poincare_exp_tanh(k, q.x(), q.v()));
    Exp Poincare "lift" ["nickel2018"] "through the hyperboloid", "rim; v = 0" => |q, k| Coordinates(exp_log::poincare_exp_through_lorentz(k, q.x(), q.v()));
    Exp Lorentz | LorentzAmbient "best" ["hypprec"] "cosh(θ)s + sinh(θ)v/θ along s and across it, inwards by sinh(ρ−θ)", "" => |q, k| q.point(exp_log::lorentz_exp(k, &*q.s(q.x()), &*q.s(q.v())));
    Exp Lorentz | LorentzAmbient "plain" ["nickel2018"] "cosh(θ)x + sinh(θ)v/θ, θ = √c‖v‖_L", "radial v far out; v = 0" => |q, k| { let x = q.lifted(q.x()); q.lifted_answer(exp_log::lorentz_exp_plain::<V>(k, &x, &q.lifted_tangent(&x, q.v()))) };
    Exp Klein "best" ["hypprec"] "x + qv, q = T/(1+cT⟨x,v⟩/g), T = tanh(θ)/θ, wide", "" => |q, k| Coordinates(exp_log::klein_exp(k, q.x(), q.v()));
    Exp Klein "plain" ["mao2024"] "x + qv, q = T/(1+cT⟨x,v⟩/g), T = tanh(θ)/θ", "rim; v = 0" => |q, k| Coordinates(exp_log::klein_exp_plain(k, q.x(), q.v()));

    Log Poincare "best" ["hypprec"] "g_x(A/tanh A)(g_x w − c‖w‖²x)/(g_x g_y + c‖w‖²), w = y−x", "" => |q, k| Coordinates(exp_log::poincare_log(k, q.x(), q.y()));
    Log Poincare "artanh" ["ganea2018"] "(2/(√cλ_x)) artanh(√c‖m‖)m/‖m‖, m = (−x)⊕y", "rim; x = y" => |q, k| Coordinates(exp_log::poincare_log_artanh(k, q.x(), q.y()));
    Log Lorentz | LorentzAmbient "best" ["hypprec"] "(θ/sinh θ)(y−x) − θ tanh(θ/2)x", "" => |q, k| { let s = q.s(q.x()); q.tangent(&s, exp_log::lorentz_log(k, &*s, &*q.s(q.y()))) };
    Log Lorentz | LorentzAmbient "projected" ["geoopt"] "d u/‖u‖_L, u = y + c⟨x,y⟩_L x", "close pairs" => |q, k| q.lifted_answer(exp_log::lorentz_log_projected::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Log Lorentz | LorentzAmbient "arcosh" ["nickel2018"] "arcosh(α)/√(α²−1)(y−αx), α = −c⟨x,y⟩_L", "close pairs" => |q, k| q.lifted_answer(exp_log::lorentz_log_arcosh::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Log Lorentz | LorentzAmbient "two-terms" ["manifoldsjl"] "(θ/sinh θ)y − (θ/tanh θ)x", "close pairs" => |q, k| q.lifted_answer(exp_log::lorentz_log_two_terms::<V>(k, &q.lifted(q.x()), &q.lifted(q.y())));
    Log Klein "best" ["hypprec"] "(θ/sinh θ)√(g_x/g_y)(y−x), differences and gaps exact", "" => |q, k| Coordinates(exp_log::klein_log(k, q.x(), q.y()));
    Log Klein "plain" ["mao2024"] "(θ/sinh θ)√(g_x/g_y)(y−x), θ from K1", "close pairs; rim" => |q, k| Coordinates(exp_log::klein_log_plain(k, q.x(), q.y()));

    Exp0 Poincare | Klein "best" ["hypprec"] "tanh(√c‖v‖)v/(√c‖v‖), wide, never on the rim", "" => |q, k| Coordinates(radial::ball_exp0(k, q.v()));
    Exp0 Poincare | Klein "tanh" ["ganea2018"] "tanh(√c‖v‖)v/(√c‖v‖)", "v = 0; reaches the rim" => |q, k| Coordinates(radial::ball_exp0_tanh(k, q.v()));
    Exp0 Lorentz | LorentzAmbient "best" ["hypprec"] "sinh(√c‖v‖)v/(√c‖v‖), wide", "" => |q, k| q.point(radial::lorentz_exp0(k, &*q.s(q.v())));
    Exp0 Lorentz | LorentzAmbient "sinh" ["desai2023"] "sinh(√c‖v‖)v/(√c‖v‖)", "v = 0" => |q, k| q.lifted_answer(radial::lorentz_exp0_sinh(k, &*q.s(q.v())));
    Log0 Poincare | Klein "best" ["hypprec"] "arsinh(√c‖y‖/√g)y/(√c‖y‖), g exact", "" => |q, k| Coordinates(radial::ball_log0(k, q.y()));
    Log0 Poincare | Klein "artanh" ["ganea2018"] "artanh(√c‖y‖)y/(√c‖y‖)", "rim; y = 0" => |q, k| Coordinates(radial::ball_log0_artanh(k, q.y()));
    Log0 Lorentz | LorentzAmbient "best" ["hypprec"] "arsinh(√c‖s‖)s/(√c‖s‖)", "" => |q, k| q.tangent0(radial::lorentz_log0(k, &*q.s(q.y())));
    Log0 Lorentz | LorentzAmbient "arcosh" ["desai2023"] "arcosh(√c t)s/(√c‖s‖)", "near the origin" => |q, k| q.tangent0(radial::lorentz_log0_arcosh::<V>(k, &q.lifted(q.y())));

    Transport Poincare "best" ["hypprec"] "(g_y/g_x) gyr[y,−x]v regrouped in w = y−x", "" => |q, k| Coordinates(along::poincare_transport(k, q.x(), q.y(), q.v()));
    Transport Poincare "gyration" ["ganea2018"] "gyr[y,−x]v λ_x/λ_y", "rim" => |q, k| Coordinates(along::poincare_transport_gyration(k, q.x(), q.y(), q.v()));
    Transport Lorentz | LorentzAmbient "best" ["hypprec"] "along x's ray to the origin, gyr[y,−x] there, along y's ray to y", "" => |q, k| { let y = q.s(q.y()); q.tangent(&y, along::lorentz_transport(k, &*q.s(q.x()), &*y, &*q.s(q.v()))) };
    Transport Lorentz | LorentzAmbient "plain" ["chami2019"] "v + c⟨y,v⟩_L/(1−c⟨x,y⟩_L)(x+y)", "radial vectors far out" => |q, k| { let x = q.lifted(q.x()); q.lifted_answer(along::lorentz_transport_plain::<V>(k, &x, &q.lifted(q.y()), &q.lifted_tangent(&x, q.v()))) };
    Transport Lorentz | LorentzAmbient "log" ["geoopt"] "v − ⟨log_x y,v⟩_L/d²(log_x y + log_y x)", "0/0 as y → x" => |q, k| { let x = q.lifted(q.x()); q.lifted_answer(along::lorentz_transport_log::<V>(k, &x, &q.lifted(q.y()), &q.lifted_tangent(&x, q.v()))) };
    Transport Klein "best" ["hypprec"] "√(g_y/g_x)(v − (c⟨x,v⟩/g_x + κ)(y−x))", "" => |q, k| Coordinates(along::klein_transport(k, q.x(), q.y(), q.v()));

    Geodesic Poincare "best" ["hypprec"] "(sinh((1−t)θ)X + sinh(tθ)Y)/sinh θ mapped to the ball", "" => |q, k| Coordinates(along::poincare_geodesic(k, q.x(), q.y(), q.t()));
    Geodesic Poincare "gyro" ["ganea2018"] "x ⊕ (t ⊗ ((−x) ⊕ y))", "rim" => |q, k| Coordinates(along::poincare_geodesic_gyro(k, q.x(), q.y(), q.t()));
    Geodesic Lorentz | LorentzAmbient "best" ["hypprec"] "(sinh((1−t)θ)x + sinh(tθ)y)/sinh θ between x and y, exp_x(t log_x y) beyond", "" => |q, k| q.point(along::lorentz_geodesic(k, &*q.s(q.x()), &*q.s(q.y()), q.t()));
    Geodesic Lorentz | LorentzAmbient "exp" ["nickel2018"] "exp_x(t log_x y)", "close pairs" => |q, k| q.lifted_answer(along::lorentz_geodesic_exp::<V>(k, &q.lifted(q.x()), &q.lifted(q.y()), q.t()));
    Geodesic Klein "best" ["hypprec"] "x + b√g_x/(a√g_y + b√g_x)(y−x)", "" => |q, k| Coordinates(along::klein_geodesic(k, q.x(), q.y(), q.t()));

    Midpoint Poincare "best" ["hypprec"] "Σwλx/(|M| + Σw(λ−1)), |M| from the distances", "" => |q, k| Coordinates(along::poincare_midpoint(k, &[q.x(), q.y()], &q.wide_weights()));
    Midpoint Poincare "einstein" ["khrulkov2020"] "through Klein: Σγk/Σγ", "rim" => |q, k| Coordinates(along::poincare_midpoint_einstein(k, &[q.x(), q.y()], &q.weights()));
    Midpoint Poincare "gyro" ["ungar2008"] "½ ⊗ (Σwλx/Σw(λ−1))", "rim" => |q, k| Coordinates(along::poincare_midpoint_gyro(k, &[q.x(), q.y()], &q.weights()));
    Midpoint Poincare "closed" ["hypll"] "m/(1+√(1−c‖m‖²)), m = Σwλx/Σw(λ−1)", "rim" => |q, k| Coordinates(along::poincare_midpoint_closed(k, &[q.x(), q.y()], &q.weights()));
    Midpoint Lorentz | LorentzAmbient "best" ["hypprec"] "Σws/|M|, |M| from the distances", "" => |q, k| q.point(along::lorentz_midpoint(k, &[&*q.s(q.x()), &*q.s(q.y())], &q.wide_weights()));
    Midpoint Lorentz | LorentzAmbient "centroid" ["law2019"] "ΣwX/(√c√|⟨ΣwX,ΣwX⟩_L|)", "far out" => |q, k| q.lifted_answer(along::lorentz_midpoint_plain::<V>(k, &[q.lifted(q.x()), q.lifted(q.y())], &q.weights()));
    Midpoint Klein "best" ["hypprec"] "Σwγx/Σwγ, γ from exact gaps", "" => |q, k| Coordinates(along::klein_midpoint(k, &[q.x(), q.y()], &q.wide_weights()));
    Midpoint Klein "einstein" ["ungar2008"] "Σwγx/Σwγ", "rim" => |q, k| Coordinates(along::klein_midpoint_plain(k, &[q.x(), q.y()], &q.weights()));

    Gyration Poincare "best" ["hypprec"] "closed form regrouped in w = x+y", "" => |q, k| Coordinates(along::poincare_gyration(k, q.x(), q.y(), q.v()));
    Gyration Poincare "definition" ["ungar2008"] "−(x⊕y)⊕(x⊕(y⊕v))", "rim" => |q, k| Coordinates(along::poincare_gyration_definition(k, q.x(), q.y(), q.v()));
    Gyration Poincare "closed" ["geoopt"] "v + 2(Ax+By)/D", "rim" => |q, k| Coordinates(along::poincare_gyration_closed(k, q.x(), q.y(), q.v()));
    Gyration Lorentz | LorentzAmbient "best" ["hypprec"] "the turn by 2 arctan(c‖x∧y‖/((1+T_x)(1+T_y)+c⟨x,y⟩)) in the plane of x and y", "" => |q, k| q.point(along::lorentz_gyration(k, &*q.s(q.x()), &*q.s(q.y()), &*q.s(q.v())));
    Gyration Klein "best" ["hypprec"] "the rotation of the same points on the ball, wide", "" => |q, k| Coordinates(along::klein_gyration(k, q.x(), q.y(), q.v()));

    Mlr Poincare "best" ["hypprec"] "arsinh(2√c(g_p⟨w,a⟩ − c‖w‖²⟨p,a⟩)/(g_p g_x‖a‖))λ_p‖a‖/√c, w = x−p", "" => |q, k| Scalar(mlr::poincare(k, q.x(), q.p(), q.a()));
    Mlr Poincare "ganea" ["ganea2018"] "λ_p‖a‖/√c arsinh(2√c⟨m,a⟩/((1−c‖m‖²)‖a‖)), m = (−p)⊕x", "1−c‖m‖²" => |q, k| Scalar(mlr::ganea(k, q.x(), q.p(), q.a()));
    Mlr Poincare "ganea-log" ["hyptorch"] "ganea, arsinh z = ln(z+√(1+z²))", "negative z" => |q, k| Scalar(mlr::ganea_log(k, q.x(), q.p(), q.a()));
    Mlr Poincare "ganea-complement" ["ganea2018"] "ganea, 1−c‖m‖² = g_p g_x/(1−2c⟨p,x⟩+c²‖p‖²‖x‖²)", "near the hyperplane" => |q, k| Scalar(mlr::ganea_complement(k, q.x(), q.p(), q.a()));
    Mlr Poincare "shimizu" ["shimizu2021"] "λ_p‖a‖/√c arsinh(√cλ_x(⟨x,a⟩ − (1−2c⟨p,x⟩+c‖x‖²)⟨p,a⟩/g_p)/‖a‖)", "near the hyperplane" => |q, k| Scalar(mlr::shimizu(k, q.x(), q.p(), q.a()));
    Mlr Lorentz | LorentzAmbient "best" ["hypprec"] "‖a‖_L/√c arsinh(√c⟨x−p,a⟩_L/‖a‖_L)", "" => |q, k| Scalar(mlr::lorentz(k, &*q.s(q.x()), &*q.s(q.p()), &*q.s(q.a())));
    Mlr Lorentz | LorentzAmbient "plain" ["bdeir2024"] "‖a‖_L/√c arsinh(√c⟨x,a⟩_L/‖a‖_L)", "near the hyperplane" => |q, k| { let p = q.lifted(q.p()); Scalar(mlr::lorentz_plain::<V>(k, &q.lifted(q.x()), &q.lifted_tangent(&p, q.a()))) };
    Mlr Klein "best" ["hypprec"] "arsinh(√c(⟨w,a⟩+c⟨p,a⟩⟨p,w⟩/g_p)/(√(g_x g_p)‖a‖_p))‖a‖_p/√c, w = x−p", "" => |q, k| Scalar(mlr::klein(k, q.x(), q.p(), q.a()));
    Mlr Klein "plain" ["mao2024"] "the same, gaps as they stand", "rim" => |q, k| Scalar(mlr::klein_plain(k, q.x(), q.p(), q.a()));

    Convert Poincare "best" ["hypprec"] "λx; 2x/(1+c‖x‖²); gaps exact", "" => |q, k| match q.to {
        Model::Poincare => Coordinates(q.x().to_vector()),
        Model::Klein => Coordinates(radial::poincare_to_klein(k, q.x())),
        to => q.point_in(to, radial::poincare_to_lorentz(k, q.x())),
    };
    Convert Poincare "plain" ["ungar2008"] "λx; 2x/(1+c‖x‖²)", "rim" => |q, k| match q.to {
        Model::Poincare => Coordinates(q.x().to_vector()),
        Model::Klein => Coordinates(radial::poincare_to_klein_plain(k, q.x())),
        to => q.lifted_in(to, radial::poincare_to_lorentz_plain(k, q.x())),
    };
    Convert Lorentz | LorentzAmbient "best" ["hypprec"] "s/(1+√c t); s/(√c t); time from space", "" => |q, k| match q.to {
        Model::Poincare => Coordinates(radial::lorentz_to_poincare(k, &*q.s(q.x()))),
        Model::Klein => Coordinates(radial::lorentz_to_klein(k, &*q.s(q.x()))),
        to => q.point_in(to, q.s(q.x()).to_vector()),
    };
    Convert Lorentz | LorentzAmbient "plain" ["ungar2008"] "s/(1+√c t); s/(√c t)", "" => |q, k| match q.to {
        Model::Poincare => Coordinates(radial::lorentz_to_poincare_plain::<V>(k, &q.lifted(q.x()))),
        Model::Klein => Coordinates(radial::lorentz_to_klein_plain::<V>(k, &q.lifted(q.x()))),
        to => q.lifted_in(to, q.lifted(q.x())),
    };
    Convert Klein "best" ["hypprec"] "x/(1+√g); γx; gaps exact", "" => |q, k| match q.to {
        Model::Klein => Coordinates(q.x().to_vector()),
        Model::Poincare => Coordinates(radial::klein_to_poincare(k, q.x())),
        to => q.point_in(to, radial::klein_to_lorentz(k, q.x())),
    };
    Convert Klein "plain" ["ungar2008"] "x/(1+√g); γx", "rim" => |q, k| match q.to {
        Model::Klein => Coordinates(q.x().to_vector()),
        Model::Poincare => Coordinates(radial::klein_to_poincare_plain(k, q.x())),
        to => q.lifted_in(to, radial::klein_to_lorentz_plain(k, q.x())),
    };

    RoundTrip Poincare | Lorentz | LorentzAmbient | Klein "best" ["hypprec"] "the own conversion there, then the own one back", "" => |q, _k| q.there_and_back("best");
    RoundTrip Poincare | Lorentz | LorentzAmbient | Klein "plain" ["ungar2008"] "the plain conversion there, then the plain one back", "rim" => |q, _k| q.there_and_back("plain");

    Project Poincare | Klein "best" ["hypprec"] "the nearest stored point inside on the ray through x", "" => |q, k| Coordinates(radial::ball_project(k, q.x()));
    Project Lorentz | LorentzAmbient "best" ["hypprec"] "time from space", "" => |q, _k| q.point(q.s(q.x()).to_vector());
}

/// The variants of an operation in a model, the default first.
pub fn variants(op: Op, model: Model) -> impl Iterator<Item = &'static Variant> {
    REGISTRY.iter().filter(move |variant| variant.op == op && variant.models.contains(&model))
}

/// The variant with an id.
pub fn variant(op: Op, model: Model, id: &str) -> Result<&'static Variant, UnknownName> {
    variants(op, model).find(|variant| variant.id == id).ok_or_else(|| UnknownName {
        what: "variant",
        name: id.to_owned(),
        known: variants(op, model).map(|variant| variant.id).collect(),
    })
}

//! The operations of a network, written down in their order.

use std::collections::BTreeMap;

use candle_core::Result;

use crate::convolution::{Activation, Branch, Operations, Segmented, Window};
use crate::spec::ParamSpec;

/// Sizes of a value for each image: maps (side, side, C), or a row (C) with a side of 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// Side of the maps.
    pub side: usize,
    /// Channels C.
    pub channels: usize,
}

impl Value {
    /// Pixels of an image.
    pub fn pixels(&self) -> usize {
        self.side * self.side
    }

    /// Numbers of an image.
    pub fn len(&self) -> usize {
        self.pixels() * self.channels
    }
}

/// One operation; see [`Operations`].
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// By this weight.
    Pointwise(String),
    /// By this weight.
    Convolution(String, Window),
    /// By this weight.
    Depthwise(String, Window),
    /// Of this name.
    Norm(String, Activation),
    /// ReLU alone.
    Relu,
    /// By convolutions of these names, with so many channels between them.
    Excite([String; 2], usize),
    /// Of windows.
    MaxPool(Window),
    /// The value of this number plus the input, a branch.
    Join(usize, Option<Branch>),
    /// Over pixels.
    Mean,
    /// At this rate.
    Dropout(f64),
}

/// An operation with the numbers of the value that it takes and of the one that it makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is done.
    pub op: Op,
    /// To what.
    pub input: usize,
    /// What it makes.
    pub output: usize,
}

impl Step {
    /// All values that it takes.
    pub fn inputs(&self) -> impl Iterator<Item = usize> {
        let other = match &self.op {
            Op::Join(shortcut, _) => Some(*shortcut),
            Op::Pointwise(_)
            | Op::Convolution(..)
            | Op::Depthwise(..)
            | Op::Norm(..)
            | Op::Relu
            | Op::Excite(..)
            | Op::MaxPool(_)
            | Op::Mean
            | Op::Dropout(_) => None,
        };
        [self.input].into_iter().chain(other)
    }

    /// The value that its backward pass looks at, if there is one.
    pub fn needed(&self) -> Option<usize> {
        match &self.op {
            Op::Pointwise(_)
            | Op::Convolution(..)
            | Op::Depthwise(..)
            | Op::Norm(..)
            | Op::Excite(..) => Some(self.input),
            // Where its result is above 0, so is what it was given.
            Op::Relu => Some(self.output),
            Op::MaxPool(_) | Op::Join(..) | Op::Mean | Op::Dropout(_) => None,
        }
    }
}

/// The operations of a network. Value 0 are the windows of the images as rows, the last one the embeddings.
#[derive(Clone, Debug, PartialEq)]
pub struct Tape {
    /// All values.
    pub values: Vec<Value>,
    /// All operations. Each makes a value of its own.
    pub steps: Vec<Step>,
}

impl Tape {
    /// Those of a network with these parameters.
    pub fn of<N: Segmented>(network: &N, specs: &[ParamSpec]) -> Self {
        let window = network.first();
        let first = Value {
            side: window.outputs(network.side()),
            channels: 3 * window.kernel * window.kernel,
        };
        let shapes = specs.iter().map(|spec| (spec.name.as_str(), spec.shape.as_slice())).collect();
        let tape = Self { values: vec![first], steps: Vec::new() };
        let mut recorder = Recorder { shapes, tape };
        let mut value = 0;
        for segment in 0..network.count() {
            let made = network.segment(segment, &value, &mut recorder);
            value = made.expect("to write an operation down cannot fail");
        }
        let tape = recorder.tape;
        assert_eq!(value + 1, tape.values.len(), "the last value is the embedding");
        tape
    }

    /// The value of the embeddings.
    pub fn last(&self) -> usize {
        self.values.len() - 1
    }

    /// Where in order the last operation stands that takes a value. Nothing takes the embeddings.
    pub fn last_use(&self, value: usize) -> Option<usize> {
        self.steps.iter().rposition(|step| step.inputs().any(|input| input == value))
    }
}

/// Writes down what a network asks for.
struct Recorder<'a> {
    shapes: BTreeMap<&'a str, &'a [usize]>,
    tape: Tape,
}

impl Recorder<'_> {
    /// Outputs of a weight (O, ..).
    fn outputs(&self, weight: &str) -> usize {
        match self.shapes.get(weight) {
            Some([outputs, ..]) => *outputs,
            _ => panic!("the network has no weight `{weight}`"),
        }
    }

    fn add(&mut self, op: Op, input: usize, made: Value) -> Result<usize> {
        let output = self.tape.values.len();
        self.tape.values.push(made);
        self.tape.steps.push(Step { op, input, output });
        Ok(output)
    }

    fn value(&self, value: usize) -> Value {
        self.tape.values[value]
    }
}

impl Operations for Recorder<'_> {
    type Map = usize;

    fn pointwise(&mut self, x: &usize, weight: &str) -> Result<usize> {
        let made = Value { channels: self.outputs(weight), ..self.value(*x) };
        self.add(Op::Pointwise(weight.to_owned()), *x, made)
    }

    fn convolution(&mut self, x: &usize, weight: &str, window: Window) -> Result<usize> {
        let side = window.outputs(self.value(*x).side);
        let made = Value { side, channels: self.outputs(weight) };
        self.add(Op::Convolution(weight.to_owned(), window), *x, made)
    }

    fn depthwise(&mut self, x: &usize, weight: &str, window: Window) -> Result<usize> {
        let value = self.value(*x);
        let made = Value { side: window.outputs(value.side), ..value };
        self.add(Op::Depthwise(weight.to_owned(), window), *x, made)
    }

    fn norm(&mut self, x: &usize, name: &str, behind: Activation) -> Result<usize> {
        self.add(Op::Norm(name.to_owned(), behind), *x, self.value(*x))
    }

    fn relu(&mut self, x: &usize) -> Result<usize> {
        self.add(Op::Relu, *x, self.value(*x))
    }

    fn excite(&mut self, x: &usize, convolutions: [&str; 2]) -> Result<usize> {
        let between = self.outputs(&format!("{}.weight", convolutions[0]));
        let op = Op::Excite(convolutions.map(str::to_owned), between);
        self.add(op, *x, self.value(*x))
    }

    fn max_pool(&mut self, x: &usize, window: Window) -> Result<usize> {
        let value = self.value(*x);
        let made = Value { side: window.outputs(value.side), ..value };
        self.add(Op::MaxPool(window), *x, made)
    }

    fn join(&mut self, shortcut: &usize, branch: &usize, drop: Option<Branch>) -> Result<usize> {
        let drop = drop.filter(|drop| drop.rate > 0.0);
        self.add(Op::Join(*shortcut, drop), *branch, self.value(*branch))
    }

    fn mean(&mut self, x: &usize) -> Result<usize> {
        let made = Value { side: 1, ..self.value(*x) };
        self.add(Op::Mean, *x, made)
    }

    fn dropout(&mut self, x: &usize, rate: f64) -> Result<usize> {
        if rate == 0.0 {
            return Ok(*x);
        }
        self.add(Op::Dropout(rate), *x, self.value(*x))
    }
}

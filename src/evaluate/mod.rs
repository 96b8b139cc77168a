//! Predictions and metrics.

//! The table as data, and one renderer per format.

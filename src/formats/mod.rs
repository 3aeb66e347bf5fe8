//! Vector and count files.

//! Sources of text. A source cuts its text into chunks of about 1 MiB; workers take the chunks one after the other.

mod chunk_reader;
mod content;
mod cutter;
mod file;
mod in_memory;
mod options;
mod origin;
mod sample;
mod text;
mod tokenized;
mod unit;

pub use crate::io::Idle;
pub use crate::io::charset::OnInvalid;
pub use chunk_reader::{CHUNK_BYTES, ChunkReader};
pub use content::Content;
pub use file::FileReader;
pub use in_memory::InMemoryDocuments;
pub use options::{MAX_WORD_BYTES, TextOptions};
pub use origin::Origin;
pub use sample::{SampleReader, TextSample};
pub use text::{TextReader, is_splittable};
pub use tokenized::TokenizedDocuments;
pub use unit::{ContentBuilder, DocumentUnit};

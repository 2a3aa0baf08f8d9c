//! Reads a WebSocket no further than to the end of a frame.
//!
//! A WebSocket reads ahead and keeps what it has read. Through this it never has anything of the next frame, so that between
//! two messages it holds nothing and can be made anew, which is the one way to take back the memory of a long message.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read ahead: some dozens of the messages that are common.
const AHEAD_BYTES: usize = 1024;

/// Longest head of a frame that has a mask (RFC 6455 section 5.2).
const HEAD_BYTES_MAX: usize = 14;

/// A stream of frames from a client.
#[derive(Debug)]
pub(super) struct Frames<S> {
    stream: S,
    ahead: Box<[u8]>,
    /// What of `ahead` was read and not yet handed over.
    start: usize,
    end: usize,
    place: Place,
}

/// How far the frames have been handed over.
#[derive(Debug, Default)]
struct Place {
    /// As much of the head of a frame as has come.
    head: [u8; HEAD_BYTES_MAX],
    head_bytes: usize,
    /// Bytes of the payload that are still to come.
    payload: u64,
    /// A message in several frames has begun and not ended.
    is_in_message: bool,
}

impl<S> Frames<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, ahead: vec![0; AHEAD_BYTES].into(), start: 0, end: 0, place: Place::default() }
    }

    /// Returns whether all that was handed over were whole messages.
    pub(super) const fn is_between_messages(&self) -> bool {
        self.place.head_bytes == 0 && self.place.payload == 0 && !self.place.is_in_message
    }
}

impl Place {
    /// Goes on over as much of `bytes` as belongs to one frame. Returns how many bytes that were, none only if none were given.
    fn follow(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        while self.payload == 0 {
            let (Some(byte), Some(place)) = (bytes.get(passed), self.head.get_mut(self.head_bytes)) else {
                return passed;
            };
            *place = *byte;
            passed += 1;
            self.head_bytes += 1;
            if let Some(payload) = self.payload_of_head() {
                self.head_bytes = 0;
                self.payload = payload;
                let [first, ..] = self.head;
                let is_control = first & 0x08 != 0;
                if !is_control {
                    self.is_in_message = first & 0x80 == 0;
                }
                if payload == 0 {
                    return passed;
                }
            }
        }
        let left = bytes.len() - passed;
        let taken = usize::try_from(self.payload).unwrap_or(usize::MAX).min(left);
        self.payload -= taken as u64;
        passed + taken
    }

    /// Returns the length of the payload once the head has come as a whole. Whether the head is sound is for the WebSocket
    /// to say: it closes the connection if it is not.
    fn payload_of_head(&self) -> Option<u64> {
        let [_, second, long @ ..] = &self.head;
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        let (extended, payload) = match second & 0x7f {
            126 => (2, u64::from(u16::from_be_bytes([long[0], long[1]]))),
            127 => (8, u64::from_be_bytes(*long.first_chunk()?)),
            short => (0, u64::from(short)),
        };
        (self.head_bytes >= 2 && self.head_bytes == 2 + extended + mask).then_some(payload)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Frames<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.start == this.end {
            // A long payload goes where it is wanted at once.
            let payload = usize::try_from(this.place.payload).unwrap_or(usize::MAX).min(buffer.remaining());
            if payload >= this.ahead.len() {
                let mut direct = ReadBuf::new(buffer.initialize_unfilled_to(payload));
                ready!(Pin::new(&mut this.stream).poll_read(context, &mut direct))?;
                let bytes = direct.filled().len();
                buffer.advance(bytes);
                this.place.payload -= bytes as u64;
                return Poll::Ready(Ok(()));
            }
            let mut ahead = ReadBuf::new(&mut this.ahead);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut ahead))?;
            (this.start, this.end) = (0, ahead.filled().len());
        }
        let there = this.ahead.get(this.start..this.end).unwrap_or_default();
        let there = there.get(..buffer.remaining()).unwrap_or(there);
        let passed = this.place.follow(there);
        buffer.put_slice(there.get(..passed).unwrap_or_default());
        this.start += passed;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Frames<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// A frame: whether it ends its message, its operation, and its payload, masked as a client's is.
    fn write(frame: &(bool, u8, Vec<u8>)) -> Vec<u8> {
        let (ends, operation, payload) = frame;
        let mut bytes = vec![(u8::from(*ends) << 7) | operation];
        match payload.len() {
            short @ 0..126 => bytes.push(0x80 | short as u8),
            long @ 126..0x1_0000 => {
                bytes.push(0x80 | 126);
                bytes.extend((long as u16).to_be_bytes());
            }
            longer => {
                bytes.push(0x80 | 127);
                bytes.extend((longer as u64).to_be_bytes());
            }
        }
        bytes.extend([0; 4]);
        bytes.extend(payload);
        bytes
    }

    fn frame() -> impl Strategy<Value = (bool, u8, Vec<u8>)> {
        let bytes = prop_oneof![0usize..8, 120usize..130, 900usize..3000, 65_530usize..65_540];
        let payload = bytes.prop_flat_map(|bytes| prop::collection::vec(any::<u8>(), bytes));
        (any::<bool>(), prop::sample::select(vec![0u8, 1, 2, 8, 9, 10]), payload)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_read_goes_beyond_the_end_of_a_frame(
            frames in prop::collection::vec(frame(), 1..6), reads in prop::collection::vec(1usize..9000, 1..6)
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let written: Vec<Vec<u8>> = frames.iter().map(write).collect();
            let all = written.concat();
            let mut stream = Frames::new(&all[..]);
            let mut reads = reads.into_iter().cycle();
            for ((ends, operation, _), bytes) in frames.iter().zip(&written) {
                let mut got = Vec::<u8>::new();
                while got.len() < bytes.len() {
                    let mut buffer = vec![0; reads.next().unwrap()];
                    let count = runtime.block_on(stream.read(&mut buffer)).unwrap();
                    prop_assert!(count > 0);
                    got.extend(&buffer[..count]);
                }
                prop_assert!(&got == bytes, "what comes is what was sent, and nothing of the next frame");
                if *operation < 8 {
                    prop_assert_eq!(stream.is_between_messages(), *ends);
                }
            }
            prop_assert_eq!(runtime.block_on(stream.read(&mut [0; 9])).unwrap(), 0);
        }
    }
}

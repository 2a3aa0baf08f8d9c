//! The Dependency Descriptor: a header extension that says of each packet to which layers its frame belongs and what it
//! builds on, whatever the codec and however its payload is encrypted.
//!
//! ```text
//! S  the frame starts here          with a key frame: the structure, a list of templates, each with
//! E  it ends here                     layer      temporal and spatial
//! template                            DTIs       what such a frame is to each decode target
//! frame number                        fdiffs     how many frames back those are that it builds on
//! -- if it is longer --               chains     how many frames back the last one is without which
//! flags, structure, what differs                 the targets of that chain cannot be decoded
//! from the template
//! ```
//!
//! It is read and not written: no receiver is offered it, since of VP8 and VP9 the payload descriptor, which stays clear, says what
//! one would find in it (`docs/benchmarks.md`). Everything in it is bounded by what it may say at most, and a
//! packet that says nothing new allocates nothing.
//!
//! Source: RTP Payload Format For AV1, version 1.0.0, appendix A.

use crate::temporal::Temporal;

/// Template ids have six bits.
const TEMPLATES_MAX: usize = 64;
/// Decode targets are counted with five bits; there are no more chains than those.
const TARGETS_MAX: usize = 32;
/// Layers of either kind that AV1 can tell apart.
const SPATIAL_MAX: u8 = 3;
const TEMPORAL_MAX: u8 = 7;
/// Frames that one may build on: AV1 has seven references, and one may stand twice.
const REFERENCES_MAX: usize = 8;

/// Why a descriptor cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableDescriptor {
    /// It ends before it says what it has to.
    #[error("the dependency descriptor is cut short")]
    Truncated,
    /// It has more templates, layers or references than there can be.
    #[error("the dependency descriptor has too many {0}")]
    TooMany(&'static str),
    /// It refers to a template of a structure that did not come, or came and went.
    #[error("the dependency descriptor refers to a template that is not known")]
    UnknownTemplate,
}

use UnreadableDescriptor::{TooMany, Truncated, UnknownTemplate};

/// What a frame is to a decode target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indication {
    /// No part of it.
    NotPresent,
    /// A part that no other frame of the target builds on.
    Discardable,
    /// A part; whoever can decode it can decode all of the target that follows.
    Switch,
    /// A part that others build on.
    Required,
}

/// Indications for all decode targets, two bits each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Indications(u64);

/// Frames that a frame builds on, as distances of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct References {
    distances: [u16; REFERENCES_MAX],
    count: u8,
}

/// What a frame has in common with others of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Template {
    spatial: u8,
    temporal: u8,
    indications: Indications,
    references: References,
    chains: [u8; TARGETS_MAX],
}

/// A template dependency structure.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Structure {
    offset: u8,
    templates: Vec<Template>,
    targets: Vec<Target>,
    chain_count: usize,
}

/// A decode target: the best layers that belong to it, and the chain that protects it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Target {
    spatial: u8,
    temporal: u8,
    chain: Option<u8>,
}

/// What a descriptor says of its packet and frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameDependencies {
    /// The frame starts in this packet.
    pub starts: bool,
    /// The frame ends in this packet.
    pub ends: bool,
    /// Number of the frame in decoding order, modulo 2^16.
    pub number: u16,
    /// Spatial layer, 0 to 3.
    pub spatial: u8,
    /// Temporal layer, 0 to 7.
    pub temporal: u8,
    /// A structure came with it: a coded video sequence begins here.
    pub begins_sequence: bool,
    /// It needs nothing older of its temporal layer.
    syncs: bool,
    /// What follows it in higher temporal layers needs nothing of them that came before.
    opens: bool,
    indications: Indications,
    target_count: u8,
    references: References,
    chains: [u8; TARGETS_MAX],
    chain_count: u8,
}

/// Reads the descriptors of one stream, which build on what came with its last key frame.
#[derive(Clone, Debug, Default)]
pub struct DescriptorReader {
    structure: Option<Structure>,
    /// Decode targets that are sent, a bit each.
    active: u32,
}

impl DescriptorReader {
    /// Reads the descriptor of a packet. What it says for the packets after it is kept if `is_newest`: one that comes late
    /// must not bring back what was before.
    ///
    /// # Errors
    ///
    /// [`UnreadableDescriptor`], always the sender's fault or that of a loss; what was kept stays.
    pub fn read(
        &mut self,
        descriptor: &[u8],
        is_newest: bool,
    ) -> Result<FrameDependencies, UnreadableDescriptor> {
        let mut bits = Bits { bytes: descriptor, at: 0 };
        let (starts, ends) = (bits.flag()?, bits.flag()?);
        let template = bits.read(6)? as u8;
        let number = bits.read(16)? as u16;
        // Three bytes say no more.
        let is_extended = descriptor.len() > 3;
        let mut flag = || if is_extended { bits.flag() } else { Ok(false) };
        let (has_structure, has_active) = (flag()?, flag()?);
        let (has_indications, has_references, has_chains) = (flag()?, flag()?, flag()?);
        let fresh = if has_structure { Some(Structure::read(&mut bits)?) } else { None };
        let structure = fresh.as_ref().or(self.structure.as_ref()).ok_or(UnknownTemplate)?;
        let targets = structure.targets.len();
        let mut active = if has_structure { u32::MAX } else { self.active };
        if has_active {
            active = bits.read(targets as u32)?;
        }
        let place = usize::from(template.wrapping_sub(structure.offset) % TEMPLATES_MAX as u8);
        let template = structure.templates.get(place).ok_or(UnknownTemplate)?;
        let indications =
            if has_indications { Indications::read(&mut bits, targets)? } else { template.indications };
        let references = if has_references { References::read(&mut bits)? } else { template.references };
        let mut chains = template.chains;
        if has_chains {
            for distance in chains.iter_mut().take(structure.chain_count) {
                *distance = bits.read(8)? as u8;
            }
        }
        let (syncs, opens) = structure.switches(template, indications, active);
        let frame = FrameDependencies {
            starts,
            ends,
            number,
            spatial: template.spatial,
            temporal: template.temporal,
            begins_sequence: has_structure,
            syncs,
            opens,
            indications,
            target_count: targets as u8,
            references,
            chains,
            chain_count: structure.chain_count as u8,
        };
        if is_newest {
            self.active = active;
            if fresh.is_some() {
                self.structure = fresh;
            }
        }
        Ok(frame)
    }
}

impl FrameDependencies {
    /// Returns whether a frame starts here that needs no other.
    pub fn starts_keyframe(&self) -> bool {
        self.starts && self.begins_sequence && self.spatial == 0 && self.references.count == 0
    }

    /// Returns the numbers of the frames that it builds on, at most 8.
    pub fn references(&self) -> impl Iterator<Item = u16> {
        let count = usize::from(self.references.count);
        self.references.distances.iter().take(count).map(|distance| self.number.wrapping_sub(*distance))
    }

    /// Returns what it is to each decode target, at most 32.
    pub fn indications(&self) -> impl Iterator<Item = Indication> {
        (0..usize::from(self.target_count)).map(|target| self.indications.of(target))
    }

    /// Returns the number of the last frame before it of each chain, at most 32; `None` where it needs none.
    pub fn chains(&self) -> impl Iterator<Item = Option<u16>> {
        let chains = self.chains.iter().take(self.chain_count.into());
        chains.map(|distance| (*distance > 0).then(|| self.number.wrapping_sub((*distance).into())))
    }

    /// Returns the temporal layer, for who leaves some of them out.
    pub(crate) fn temporal(&self) -> Temporal {
        Temporal { id: self.temporal, syncs: self.syncs, opens: self.opens || self.starts_keyframe() }
    }
}

impl Structure {
    fn read(bits: &mut Bits<'_>) -> Result<Self, UnreadableDescriptor> {
        let offset = bits.read(6)? as u8;
        let targets = bits.read(5)? as usize + 1;
        let mut templates = Vec::with_capacity(8);
        let (mut spatial, mut temporal) = (0, 0);
        loop {
            if templates.len() == TEMPLATES_MAX {
                return Err(TooMany("templates"));
            }
            templates.push(Template {
                spatial,
                temporal,
                indications: Indications::default(),
                references: References::default(),
                chains: [0; TARGETS_MAX],
            });
            match bits.read(2)? {
                0 => {}
                1 => temporal += 1,
                2 => (spatial, temporal) = (spatial + 1, 0),
                _ => break,
            }
            if spatial > SPATIAL_MAX || temporal > TEMPORAL_MAX {
                return Err(TooMany("layers"));
            }
        }
        for template in &mut templates {
            template.indications = Indications::read(bits, targets)?;
        }
        for template in &mut templates {
            template.references = References::read_short(bits)?;
        }
        let chain_count = bits.read_below(targets as u32 + 1)? as usize;
        let mut targets = vec![Target::default(); targets];
        if chain_count > 0 {
            for target in &mut targets {
                target.chain = Some(bits.read_below(chain_count as u32)? as u8);
            }
            for template in &mut templates {
                for distance in template.chains.iter_mut().take(chain_count) {
                    *distance = bits.read(4)? as u8;
                }
            }
        }
        for (index, target) in targets.iter_mut().enumerate() {
            let parts = templates.iter().filter(|part| part.indications.of(index) != Indication::NotPresent);
            for part in parts {
                target.spatial = target.spatial.max(part.spatial);
                target.temporal = target.temporal.max(part.temporal);
            }
        }
        if bits.flag()? {
            // Widths and heights, which nobody here needs.
            for _ in 0..=spatial {
                bits.read(16)?;
                bits.read(16)?;
            }
        }
        Ok(Self { offset, templates, targets, chain_count })
    }

    /// Returns whether a frame lets its own temporal layer begin, and whether it lets all above it begin.
    fn switches(&self, frame: &Template, indications: Indications, active: u32) -> (bool, bool) {
        let active = self.targets.iter().enumerate().filter(|(index, _)| active >> index & 1 != 0);
        let parts = active.map(|(index, target)| (target.temporal, indications.of(index)));
        let (mut syncs, mut opens) = (false, None);
        for (temporal, indication) in parts.filter(|(_, indication)| *indication != Indication::NotPresent) {
            let is_switch = indication == Indication::Switch;
            if temporal == frame.temporal {
                syncs |= is_switch;
            } else {
                opens = Some(opens.unwrap_or(true) && is_switch);
            }
        }
        (syncs, opens == Some(true))
    }
}

impl Indications {
    fn read(bits: &mut Bits<'_>, targets: usize) -> Result<Self, UnreadableDescriptor> {
        let mut all = 0;
        for target in 0..targets.min(TARGETS_MAX) {
            all |= u64::from(bits.read(2)?) << (2 * target);
        }
        Ok(Self(all))
    }

    fn of(self, target: usize) -> Indication {
        match self.0 >> (2 * target) & 3 {
            0 => Indication::NotPresent,
            1 => Indication::Discardable,
            2 => Indication::Switch,
            _ => Indication::Required,
        }
    }
}

impl References {
    /// Reads those of a frame: each with its length in half bytes before it.
    fn read(bits: &mut Bits<'_>) -> Result<Self, UnreadableDescriptor> {
        let mut references = Self::default();
        loop {
            match bits.read(2)? {
                0 => return Ok(references),
                size => references.push(bits.read(4 * size)?)?,
            }
        }
    }

    /// Reads those of a template: each of half a byte, with a flag before it.
    fn read_short(bits: &mut Bits<'_>) -> Result<Self, UnreadableDescriptor> {
        let mut references = Self::default();
        while bits.flag()? {
            references.push(bits.read(4)?)?;
        }
        Ok(references)
    }

    /// Adds one whose distance was told less one.
    fn push(&mut self, less_one: u32) -> Result<(), UnreadableDescriptor> {
        let place = self.distances.get_mut(usize::from(self.count)).ok_or(TooMany("references"))?;
        *place = less_one as u16 + 1;
        self.count += 1;
        Ok(())
    }
}

/// Bits of a descriptor, the highest of a byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn flag(&mut self) -> Result<bool, UnreadableDescriptor> {
        let byte = self.bytes.get(self.at / 8).ok_or(Truncated)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit != 0)
    }

    /// Reads a number of `count` bits, at most 32.
    fn read(&mut self, count: u32) -> Result<u32, UnreadableDescriptor> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Ok(value)
    }

    /// Reads a number below `limit`, 1 to 33: ns(n) of section A.8.2, in which small ones take a bit less.
    fn read_below(&mut self, limit: u32) -> Result<u32, UnreadableDescriptor> {
        let width = limit.ilog2() + 1;
        let short = (1 << width) - limit;
        let value = self.read(width - 1)?;
        if value < short { Ok(value) } else { Ok((value << 1) - short + u32::from(self.flag()?)) }
    }
}

#[cfg(test)]
mod tests;

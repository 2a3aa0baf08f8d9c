//! Chance as the enemy: honest people and a server without scruples, both drawn from one seed.
//!
//! What is decided depends on the seed alone, so a seed plays the same things again even where the library draws
//! other keys. Each step has randomness of its own: how many letters a step makes does not shift the steps after.

use std::{cell::RefCell, rc::Rc, sync::LazyLock};

use sabha_admission::{Heartbeat, NO_PREVIOUS};
use sabha_protocol::{
    GroupEpoch, Rule,
    device::DeviceCommand,
    opaque::{GroupInfo, HandshakeMessage, RelayPayload, WelcomeMessage},
    wire::ServerMessage,
};

use super::{Fate, Ghost, Hall, Insider, Letter, Loot, Paper, Plan, Said, Witness};
use crate::Random;

/// People that one schedule brings together, at most.
const PEOPLE_MAX: usize = 6;
/// The person whose device key the adversary has.
const TAKEN_OVER: usize = 2;
/// Letters and refused groups of the past that the adversary picks from.
const RECORDED_MAX: u64 = 4000;

/// What was said in another meeting of the same server.
static OTHER_MEETING: LazyLock<Vec<Letter>> = LazyLock::new(|| {
    let mut other = Hall::new();
    other.member("Elsewhere");
    other.pass(6000);
    other.sent
});

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Admit { host: usize, guest: usize },
    Calm,
    Chat { who: usize },
    Cut { who: usize },
    Foreign { which: u64, to: usize },
    Ghost { paper: Paper, way: Way, psk: bool },
    Join,
    Leave { who: usize },
    LieAboutEpoch { to: usize, epoch: u64, in_group: bool },
    LieAboutRoster { to: usize },
    Lock { locked: bool },
    MakeHost { who: usize },
    Mallory { trick: Trick },
    Part { who: usize },
    Release,
    Reload { who: usize },
    Remove { who: usize },
    Replay { which: u64, to: usize },
    RestartToOld,
    Return { who: usize },
    Reunite,
    Storm { drop: u64, hold: u64, twice: u64, change: u64, astray: u64 },
    Wait { ms: u64 },
}

/// How somebody tries to come in.
#[derive(Clone, Copy, Debug)]
enum Way {
    Added,
    AddedByReference,
    AsWords,
    External,
    FalseGroupInfo,
    FalseWelcome,
}

/// What a colluding member does.
#[derive(Clone, Copy, Debug)]
enum Trick {
    AddsPrivately,
    BeatsLikeAHost,
    BringsBackAnOldPolicy,
    RemovesSomebody,
    SplitsTheGroup,
}

/// What came of a schedule.
#[derive(Debug)]
pub struct Verdict {
    /// What was decided, in order.
    pub decisions: Vec<String>,
    /// Every promise that was broken.
    pub breaches: Vec<String>,
    /// Epochs that were seen, over all branches.
    pub epochs: usize,
    /// Alarms that devices showed.
    pub alarms: usize,
}

/// What happens to letters at the moment, in percent.
struct Weather {
    random: Random,
    people: usize,
    drop: u64,
    hold: u64,
    twice: u64,
    change: u64,
    astray: u64,
}

/// See the module's doc.
pub struct Schedule {
    random: Random,
    hall: Hall,
    witness: Witness,
    weather: Rc<RefCell<Weather>>,
    /// A member who colludes, or was removed and keeps what it had.
    mallory: Insider,
    mallory_loot: Loot,
    ghosts: Vec<Insider>,
    old_policies: Vec<Vec<u8>>,
    old_world: usize,
    foreign: &'static [Letter],
    decisions: Vec<String>,
    alarms: usize,
}

impl Schedule {
    /// Plays `steps` steps of a seed.
    ///
    /// # Panics
    /// If a device does, or never comes to rest.
    pub fn play(seed: u64, steps: usize) -> Verdict {
        let mut schedule = Self::new(seed);
        for _ in 0..steps {
            schedule.step();
        }
        Verdict {
            decisions: schedule.decisions,
            breaches: schedule.witness.breaches().to_vec(),
            epochs: schedule.witness.epochs(),
            alarms: schedule.alarms,
        }
    }

    fn new(seed: u64) -> Self {
        let mut hall = Hall::new();
        hall.member("Asha");
        let mallory = hall.member("Mallory");
        let mallory_loot = hall.loot(mallory);
        let mallory = hall.take_over(mallory);
        let policy =
            |hall: &Hall| hall.people[0].device.group().map(|group| group.roster().policy.to_bytes());
        let old_policies = policy(&hall).into_iter().collect();
        let old_world = hall.split();
        let random = Random::new(seed ^ 0x3a11_ce00);
        let calm = Weather {
            random: Random::new(seed),
            people: hall.people.len(),
            drop: 0,
            hold: 0,
            twice: 0,
            change: 0,
            astray: 0,
        };
        let weather = Rc::new(RefCell::new(calm));
        let post = Rc::clone(&weather);
        hall.set_post(move |letter| post.borrow_mut().fate(letter));
        Self {
            random,
            hall,
            witness: Witness::default(),
            weather,
            mallory,
            mallory_loot,
            ghosts: Vec::new(),
            old_policies,
            old_world,
            foreign: &OTHER_MEETING,
            decisions: Vec::new(),
            alarms: 0,
        }
    }

    fn step(&mut self) {
        let mut random = self.random.split();
        let step = draw(&mut random, self.hall.people.len());
        self.decisions.push(format!("{step:?}"));
        {
            let mut weather = self.weather.borrow_mut();
            weather.random = random.split();
            weather.people = self.hall.people.len();
        }
        self.apply(step, &mut random);
        self.follow();
        let rivals: Vec<&Insider> = self.ghosts.iter().chain([&self.mallory]).collect();
        self.witness.check(&self.hall, &rivals);
        self.alarms = self
            .hall
            .people
            .iter()
            .filter_map(|person| person.view.as_ref())
            .map(|view| view.alarms.len())
            .sum();
    }

    #[expect(clippy::too_many_lines, reason = "a flat list of what can happen")]
    fn apply(&mut self, step: Step, random: &mut Random) {
        let hall = &mut self.hall;
        match step {
            Step::Admit { host, guest } => hall.admit_by(host, guest),
            Step::Calm => self.weather.borrow_mut().calm(),
            Step::Chat { who } => {
                hall.command(who, DeviceCommand::Chat { text: "hello".parse().expect("a text") });
            }
            Step::Cut { who } => hall.disconnect(who),
            Step::Foreign { which, to } => {
                let letter = &self.foreign[(which % self.foreign.len() as u64) as usize];
                hall.deliver(Letter { to, said: letter.said.clone() });
                hall.settle();
            }
            Step::Ghost { paper, way, psk } => self.haunt(paper, way, psk, random),
            Step::Join => {
                if hall.people.len() < PEOPLE_MAX {
                    let guest = hall.guest("Guest");
                    hall.admit(guest);
                }
            }
            Step::Leave { who } => hall.command(who, DeviceCommand::Leave {}),
            Step::LieAboutEpoch { to, epoch, in_group } => {
                if let Some(letter) =
                    recorded(&hall.sent, |message| matches!(message, ServerMessage::Admitted { .. }))
                    && let ServerMessage::Admitted {
                        you, role, resume, title, room_epoch, media_allowed, ..
                    } = letter
                {
                    let epoch = GroupEpoch(epoch);
                    hall.tell(
                        to,
                        ServerMessage::Admitted {
                            you,
                            role,
                            epoch,
                            in_group,
                            resume,
                            title,
                            room_epoch,
                            media_allowed,
                        },
                    );
                }
            }
            Step::LieAboutRoster { to } => {
                let mut message = hall.joined_message(to);
                if let ServerMessage::Joined { participants, .. } = &mut message {
                    participants.retain(|_| random.chance(50));
                    if let Some(first) = participants.first().cloned() {
                        let device = self.mallory.device();
                        participants.push(sabha_protocol::wire::server::Participant { device, ..first });
                    }
                }
                hall.tell(to, message);
            }
            Step::Lock { locked } => hall.command(0, DeviceCommand::Lock { locked }),
            Step::MakeHost { who } => {
                let device = hall.key(who);
                hall.command(0, DeviceCommand::MakeHost { device });
            }
            Step::Mallory { trick } => self.trick(trick, random),
            Step::Part { who } => {
                let world = hall.split();
                hall.people[who].world = world;
            }
            Step::Release => hall.release(),
            Step::Reload { who } => hall.reload(who),
            Step::Remove { who } => {
                if who == TAKEN_OVER {
                    let device = self.mallory.device();
                    hall.command(0, DeviceCommand::Remove { device });
                } else {
                    hall.remove(who);
                }
            }
            Step::Replay { which, to } => {
                let count = hall.sent.len().max(1) as u64;
                if let Some(letter) = hall.sent.get((which % count) as usize) {
                    let said = letter.said.clone();
                    hall.deliver(Letter { to, said });
                    hall.settle();
                }
            }
            Step::RestartToOld => {
                let old = self.old_world;
                let new = hall.split();
                hall.worlds.swap(0, old);
                self.old_world = new;
            }
            Step::Return { who } => {
                if !hall.people[who].connected {
                    hall.resume(who);
                }
            }
            Step::Reunite => hall.people.iter_mut().for_each(|person| person.world = 0),
            Step::Storm { drop, hold, twice, change, astray } => {
                let mut weather = self.weather.borrow_mut();
                (weather.drop, weather.hold, weather.twice) = (drop, hold, twice);
                (weather.change, weather.astray) = (change, astray);
            }
            Step::Wait { ms } => hall.pass(ms),
        }
        let policy = self.hall.people[0].device.group().map(|group| group.roster().policy.to_bytes());
        if let Some(policy) = policy.filter(|policy| !self.old_policies.contains(policy)) {
            self.old_policies.push(policy);
        }
    }

    /// The colluding member goes along with the server's first group.
    fn follow(&mut self) {
        let Some(epoch) = self.mallory.epoch() else { return };
        for missed in self.hall.worlds[0].missed(epoch).unwrap_or_default() {
            if Some(missed.epoch) == self.mallory.epoch() {
                self.mallory.follow(&missed.message);
            }
        }
    }

    fn haunt(&mut self, paper: Paper, way: Way, psk: bool, random: &mut Random) {
        let ghost = Ghost::new(100 + random.below(100) as u8, &self.mallory_loot);
        let mut rival = ghost.insider(ghost.paper_or_nothing(paper, &self.hall, &self.mallory_loot));
        let (_, info, tree) = self.hall.worlds[0].state();
        match way {
            Way::Added | Way::AsWords | Way::FalseWelcome => {
                let plan = Plan { add: vec![rival.key_package()], psk_wrong: !psk, ..Plan::default() };
                let forged = self.mallory.commit(&plan);
                self.mallory.give_up();
                let Some(forged) = forged else { return };
                if let Some(welcome) = &forged.welcome {
                    let _ = rival.welcomed(welcome, &forged.tree);
                }
                match (way, forged.welcome) {
                    (Way::Added, _) => self.hall.push(&forged.commit),
                    (Way::AsWords, _) => self.whisper(forged.commit.as_bytes()),
                    (_, Some(welcome)) => self.welcome_all(&welcome, &forged.tree),
                    (_, None) => {}
                }
            }
            Way::AddedByReference => {
                if let Some(proposal) = self.mallory.propose_add(&rival.key_package()) {
                    self.hall.push(&proposal);
                    if let Some(forged) = self.mallory.commit(&Plan { psk_wrong: psk, ..Plan::default() }) {
                        self.hall.push(&forged.commit);
                    }
                }
                self.mallory.give_up();
            }
            Way::External => {
                if let Some(forged) = rival.come_in(&info, &tree, psk) {
                    self.hall.push(&forged.commit);
                }
            }
            Way::FalseGroupInfo => {
                let policy = self.old_policies[0].clone();
                let (info, tree) = rival.found(&policy);
                let message = ServerMessage::GroupState { epoch: GroupEpoch(0), group_info: info, tree };
                self.hall.tell_all(&message);
            }
        }
        self.ghosts.push(rival);
    }

    fn whisper(&mut self, bytes: &[u8]) {
        let payload = [&[1], bytes].concat();
        if let Ok(payload) = RelayPayload::try_from(payload) {
            let from = self.hall.people[0].id;
            self.hall.tell_all(&ServerMessage::Relayed { from, payload });
        }
    }

    fn welcome_all(&mut self, welcome: &WelcomeMessage, tree: &sabha_protocol::opaque::RatchetTree) {
        let message = ServerMessage::Welcomed { welcome: welcome.clone(), tree: tree.clone() };
        self.hall.tell_all(&message);
    }

    fn trick(&mut self, trick: Trick, random: &mut Random) {
        match trick {
            Trick::AddsPrivately => {
                let forged = self.mallory.commit(&Plan { private: true, ..Plan::default() });
                self.mallory.give_up();
                if let Some(forged) = forged {
                    self.hall.push(&forged.commit);
                    self.whisper(forged.commit.as_bytes());
                }
            }
            Trick::BeatsLikeAHost => {
                let Some(group) = self.hall.people[1].device.group() else { return };
                let heartbeat = Heartbeat {
                    meeting: self.mallory_loot.meeting,
                    seq: self.hall.now_ms + random.below(1000),
                    epoch: group.epoch().0,
                    transcript_hash: group.transcript_hash(),
                    tree_hash: group.tree_hash(),
                    policy_version: group.roster().policy.version,
                    log_size: 0,
                    log_head: [0; 32],
                    previous: if random.chance(50) { NO_PREVIOUS } else { [1; 32] },
                    time_ms: self.hall.now_ms,
                    nonces: Vec::new(),
                    signer: self.mallory.device(),
                };
                if let Ok(signed) = heartbeat.sign(self.mallory_loot.signer.key())
                    && let Ok(payload) = RelayPayload::try_from([&[2], &signed.to_bytes()[..]].concat())
                {
                    let from = self.hall.people[0].id;
                    self.hall.tell_all(&ServerMessage::Relayed { from, payload });
                }
            }
            Trick::BringsBackAnOldPolicy => {
                let policy = random.pick(&self.old_policies);
                let forged = self.mallory.commit(&Plan { policy, ..Plan::default() });
                self.mallory.give_up();
                if let Some(forged) = forged {
                    self.hall.push(&forged.commit);
                }
            }
            Trick::RemovesSomebody => {
                let leaf = random.below(4) as u32;
                let forged = self.mallory.commit(&Plan { remove: vec![leaf], ..Plan::default() });
                self.mallory.give_up();
                if let Some(forged) = forged {
                    self.hall.push(&forged.commit);
                }
            }
            // A good commit of a member, shown to some and not to others.
            Trick::SplitsTheGroup => {
                let forged = self.mallory.commit(&Plan::default());
                self.mallory.give_up();
                let Some(forged) = forged else { return };
                for to in (0..self.hall.people.len()).filter(|_| random.chance(50)) {
                    let (from, epoch) = (self.hall.people[0].id, forged.epoch);
                    self.hall
                        .tell(to, ServerMessage::Handshake { from, epoch, message: forged.commit.clone() });
                }
            }
        }
    }
}

impl Ghost {
    /// As [`paper`](Self::paper), while the creator is out of the group too.
    fn paper_or_nothing(&self, paper: Paper, hall: &Hall, member: &Loot) -> Vec<u8> {
        let needs_creator = paper == Paper::AsCreator && hall.people[0].device.group().is_none();
        self.paper(if needs_creator { Paper::Nothing } else { paper }, hall, member)
    }
}

fn draw(random: &mut Random, people: usize) -> Step {
    let who = random.below(people as u64) as usize;
    let not_creator = 1 + random.below(people as u64 - 1) as usize;
    let any = random.number() % RECORDED_MAX;
    match random.below(100) {
        0..6 => Step::Join,
        6..8 => Step::Admit { host: who, guest: not_creator },
        8..10 => Step::Leave { who: not_creator },
        10..13 => Step::Remove { who: not_creator },
        13..15 => Step::Lock { locked: random.chance(40) },
        // Who was taken over is no host: a host lets in whom it likes.
        15..17 => Step::MakeHost { who: if not_creator == TAKEN_OVER { 1 } else { not_creator } },
        17..20 => Step::Reload { who },
        20..23 => Step::Cut { who },
        23..31 => Step::Return { who },
        31..34 => Step::Chat { who },
        34..54 => Step::Wait { ms: random.pick(&[50, 400, 1100, 5200, 5200, 11_000, 31_000]).unwrap_or(50) },
        54..57 => Step::Storm {
            drop: random.pick(&[0, 0, 10, 40, 100]).unwrap_or(0),
            hold: random.pick(&[0, 0, 10, 60]).unwrap_or(0),
            twice: random.pick(&[0, 20]).unwrap_or(0),
            change: random.pick(&[0, 0, 5, 30]).unwrap_or(0),
            astray: random.pick(&[0, 0, 0, 20]).unwrap_or(0),
        },
        57..66 => Step::Calm,
        66..70 => Step::Release,
        70..74 => Step::Replay { which: any, to: who },
        74..76 => Step::Foreign { which: any, to: who },
        76..86 => Step::Ghost {
            paper: random.pick(&Paper::ALL).unwrap_or(Paper::Nothing),
            way: random
                .pick(&[
                    Way::Added,
                    Way::AddedByReference,
                    Way::AsWords,
                    Way::External,
                    Way::FalseGroupInfo,
                    Way::FalseWelcome,
                ])
                .unwrap_or(Way::External),
            psk: random.chance(80),
        },
        86..91 => Step::Mallory {
            trick: random
                .pick(&[
                    Trick::AddsPrivately,
                    Trick::BeatsLikeAHost,
                    Trick::BringsBackAnOldPolicy,
                    Trick::RemovesSomebody,
                    Trick::SplitsTheGroup,
                ])
                .unwrap_or(Trick::SplitsTheGroup),
        },
        91..93 => Step::LieAboutEpoch { to: who, epoch: random.below(12), in_group: random.chance(50) },
        93..95 => Step::LieAboutRoster { to: who },
        95..96 => Step::Part { who },
        96..99 => Step::Reunite,
        _ => Step::RestartToOld,
    }
}

impl Weather {
    fn calm(&mut self) {
        (self.drop, self.hold, self.twice, self.change, self.astray) = (0, 0, 0, 0, 0);
    }

    fn fate(&mut self, letter: &mut Letter) -> Fate {
        if self.random.chance(self.change) {
            self.distort(letter);
        }
        if self.random.chance(self.astray) {
            letter.to = self.random.below(self.people as u64) as usize;
        }
        if self.random.chance(self.drop) {
            Fate::Drop
        } else if self.random.chance(self.hold) {
            Fate::Hold
        } else if self.random.chance(self.twice) {
            Fate::Twice
        } else {
            Fate::Deliver
        }
    }

    /// Changes what a letter says.
    fn distort(&mut self, letter: &mut Letter) {
        match &mut letter.said {
            Said::Answer { refused, .. } => {
                let rules = [
                    None,
                    Some(Rule::CurrentEpoch),
                    Some(Rule::HandshakesKept),
                    Some(Rule::Admission),
                    Some(Rule::Rate),
                ];
                *refused = self.random.pick(&rules).flatten();
            }
            Said::Message(message) => match &mut **message {
                ServerMessage::Admitted { epoch, in_group, .. } => {
                    *epoch = GroupEpoch(self.random.below(12));
                    *in_group = self.random.chance(50);
                }
                ServerMessage::GroupState { group_info, .. } => {
                    if let Ok(bytes) = GroupInfo::try_from(self.flip(group_info.as_bytes())) {
                        *group_info = bytes;
                    }
                }
                ServerMessage::Handshake { epoch, message, .. } => {
                    if self.random.chance(30) {
                        *epoch = GroupEpoch(self.random.below(12));
                    } else if let Ok(bytes) = HandshakeMessage::try_from(self.flip(message.as_bytes())) {
                        *message = bytes;
                    }
                }
                ServerMessage::Joined { participants, .. } => {
                    participants.retain(|_| self.random.chance(50));
                }
                ServerMessage::Relayed { payload, .. } => {
                    if let Ok(bytes) = RelayPayload::try_from(self.flip(payload.as_bytes())) {
                        *payload = bytes;
                    }
                }
                ServerMessage::Welcomed { welcome, .. } => {
                    if let Ok(bytes) = WelcomeMessage::try_from(self.flip(welcome.as_bytes())) {
                        *welcome = bytes;
                    }
                }
                _ => {}
            },
        }
    }

    fn flip(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let at = self.random.below(bytes.len() as u64) as usize;
        bytes[at] ^= 1 << self.random.below(8);
        bytes
    }
}

fn recorded(letters: &[Letter], wanted: impl Fn(&ServerMessage) -> bool) -> Option<ServerMessage> {
    letters.iter().rev().find_map(|letter| match &letter.said {
        Said::Message(message) if wanted(message) => Some((**message).clone()),
        _ => None,
    })
}

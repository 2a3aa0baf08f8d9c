//! The ICE-lite agent of a connection: answers the client's checks, and learns from them where the client is.

use std::{net::SocketAddr, time::Instant};

use is::{
    Candidate, IceAgent, IceAgentEvent, IceConnectionState, IceCreds, Protocol,
    stun::{StunMessage, StunPacket},
};

use crate::{connection::Gone, io::Transport, outbox::Route, sdp::Host};

/// An agent.
pub(super) struct Ice {
    agent: IceAgent,
    next: Option<Instant>,
}

impl std::fmt::Debug for Ice {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ice").field("state", &self.agent.state()).finish_non_exhaustive()
    }
}

impl Ice {
    pub(super) fn new(local: IceCreds, remote: IceCreds, hosts: &[Host], now: Instant) -> Self {
        let mut agent = IceAgent::new(local);
        agent.set_ice_lite(true);
        agent.set_remote_credentials(remote);
        for host in hosts {
            if let Ok(candidate) = Candidate::host(host.address, protocol_of(host.transport)) {
                agent.add_local_candidate(candidate);
            }
        }
        agent.handle_timeout(now);
        let next = agent.poll_timeout();
        Self { agent, next }
    }

    /// Takes a datagram that looks like STUN. Returns whether it was of this connection: a request must pass its
    /// integrity check, and a response must answer a request.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        transport: Transport,
        source: SocketAddr,
        destination: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        let Ok(message) = StunMessage::parse(datagram) else { return false };
        let proto = protocol_of(transport);
        let taken = self.agent.handle_packet(now, StunPacket { proto, source, destination, message });
        if taken {
            self.agent.handle_timeout(now);
        }
        taken
    }

    /// Lets time pass, if it is time. Returns whether it was.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        let is_due = self.next.is_some_and(|next| next <= now);
        if is_due {
            self.agent.handle_timeout(now);
        }
        is_due
    }

    /// When to call [`tick`](Self::tick) next.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Hands over datagrams to send. Returns where media goes from now on, if that changed.
    pub(super) fn drain(&mut self, mut send: impl FnMut(Route, Vec<u8>)) -> Result<Option<Route>, Gone> {
        while let Some(datagram) = self.agent.poll_transmit() {
            let transport = transport_of(datagram.proto);
            let route = Route { transport, source: datagram.source, destination: datagram.destination };
            send(route, datagram.contents.into());
        }
        let mut nominated = None;
        while let Some(event) = self.agent.poll_event() {
            match event {
                IceAgentEvent::NominatedSend { proto, source, destination } => {
                    nominated = Some(Route { transport: transport_of(proto), source, destination });
                }
                IceAgentEvent::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                    return Err(Gone);
                }
                _ => {}
            }
        }
        self.next = self.agent.poll_timeout();
        Ok(nominated)
    }
}

fn transport_of(proto: Protocol) -> Transport {
    if proto == Protocol::Udp { Transport::Udp } else { Transport::Tcp }
}

const fn protocol_of(transport: Transport) -> Protocol {
    match transport {
        Transport::Udp => Protocol::Udp,
        Transport::Tcp => Protocol::Tcp,
    }
}

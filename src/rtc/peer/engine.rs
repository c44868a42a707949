//! What a connection is built of: codecs, header extensions, interceptors, settings, sockets.
//!
//! Codecs are registered one by one: the library's own list may answer with a payload type
//! that is used twice, which Chromium refuses. Data channels take messages of 64 KiB until
//! told otherwise, and their packets are to fit into what every path carries.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rtc::interceptor::{CongestionControlBuilder, Registry, Slot};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::interceptor_registry::{
    configure_nack, configure_rtcp_reports, configure_simulcast_extension_headers, configure_twcc,
};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters,
    RTCRtpEncodingParameters, RTCRtpHeaderExtensionCapability, RTCRtpRtxParameters, RtpCodecKind,
};
use tokio_util::sync::CancellationToken;
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler,
    RTCConfiguration, RTCConfigurationBuilder, RTCIceServer, SettingEngine, SettingEngineBuilder,
};
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, Runtime,
    TokioRuntime,
};

use super::crypto::Provider;
use super::outbox::{Feed, Outbox};
use super::tap::{Estimate, Tap, Taps};
use super::{Codec, Error, Kind, Options};

/// Bytes of an SCTP packet, which fit into a UDP datagram on any path with DTLS around it.
const SCTP_MTU_BYTES: u32 = 1_200;

/// How often a silent path is asked whether it still is one (RFC 7675).
const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// RFC 6464.
pub const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";

/// The nearest to the wire: it sees what is received and sent as it is.
const WIRE: Slot = Slot::Custom(1);
/// The farthest from it: what it gives goes through all the others.
const APPLICATION: Slot = Slot::Custom(20_000);

pub async fn build(
    options: &Options,
    (taps, outbox): (&Arc<Taps>, &Arc<Outbox>),
    handler: Arc<dyn PeerConnectionEventHandler>,
    stopped: CancellationToken,
) -> Result<Arc<dyn PeerConnection>, Error> {
    let mut media = media_engine().map_err(super::failed)?;
    let registry = interceptors(&mut media, taps).map_err(super::failed)?;
    let registry = registry.with(APPLICATION, Feed::new(outbox.clone()));
    let connection = PeerConnectionBuilder::new()
        .with_configuration(configuration(options))
        .with_setting_engine(settings(options)?)
        .with_media_engine(media)
        .with_interceptor_registry(registry)
        .with_handler(handler)
        .with_runtime(Arc::new(Watched { stopped }))
        .with_udp_addrs(addresses(options)?)
        .with_dedicated_reactor_pool_size(1)
        .with_data_channel_send_buffer_limit(options.max_buffered_bytes)
        .build()
        .await
        .map_err(super::failed)?;
    Ok(Arc::new(connection))
}

fn configuration(options: &Options) -> RTCConfiguration {
    let servers = options.ice_servers.iter().map(|server| RTCIceServer {
        urls: server.urls.clone(),
        username: server.username.clone().unwrap_or_default(),
        credential: server.credential.clone().unwrap_or_default(),
    });
    RTCConfigurationBuilder::new().with_ice_servers(servers.collect()).build()
}

fn settings(options: &Options) -> Result<SettingEngine, Error> {
    use rtc::ice::mdns::MulticastDnsMode;
    use rtc::peer_connection::configuration::setting_engine::SctpMaxMessageSize;
    let max_message_bytes = u32::try_from(options.max_message_bytes).unwrap_or(u32::MAX);
    let provider = Provider::new().map_err(|error| Error::Failed(error.to_string()))?;
    let settings = SettingEngineBuilder::new()
        .with_crypto_provider(Arc::new(provider))
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_sctp_max_message_size(SctpMaxMessageSize::Bounded(max_message_bytes))
        .with_sctp_mtu(SCTP_MTU_BYTES)
        .with_ice_timeouts(
            Some(options.disconnected_timeout),
            Some(options.failed_timeout),
            Some(KEEP_ALIVE),
        )
        .build();
    Ok(settings)
}

/// The addresses to listen on, all with the same port.
fn addresses(options: &Options) -> Result<Vec<SocketAddr>, Error> {
    let every = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let hosts = match options.addresses.is_empty() {
        true => &every[..],
        false => &options.addresses[..],
    };
    let Some((first, last)) = options.ports else {
        return Ok(hosts.iter().map(|host| SocketAddr::new(*host, 0)).collect());
    };
    let count = u32::from(last.saturating_sub(first)) + 1;
    let start = rand::random_range(0..count);
    for offset in 0..count {
        let port = first + ((start + offset) % count) as u16;
        let at_port: Vec<_> = hosts.iter().map(|host| SocketAddr::new(*host, port)).collect();
        if UdpSocket::bind(at_port[0]).is_ok() {
            return Ok(at_port);
        }
    }
    Err(Error::Failed(format!("no UDP port from {first} to {last} is free")))
}

fn interceptors(media: &mut MediaEngine, taps: &Arc<Taps>) -> rtc::shared::error::Result<Registry> {
    let registry = configure_nack(Registry::new(), media);
    let registry = configure_rtcp_reports(registry);
    configure_simulcast_extension_headers(media)?;
    let registry = configure_twcc(registry, media)?;
    // What may be sent is estimated; nothing is paced, as forwarding adds no delay of its own.
    let estimator = CongestionControlBuilder::new(Estimate::new(taps.clone())).build();
    Ok(registry.with(Slot::CongestionControl, estimator).with(WIRE, Tap::new(taps.clone())))
}

fn media_engine() -> rtc::shared::error::Result<MediaEngine> {
    let mut media = MediaEngine::default();
    for codec in Codec::ALL {
        let kind = codec.kind().into();
        media.register_codec(parameters(codec), kind)?;
        if let Some(retransmission) = retransmission(codec) {
            media.register_codec(retransmission, kind)?;
        }
    }
    for (uri, kind) in [(AUDIO_LEVEL, RtpCodecKind::Audio), (MID, RtpCodecKind::Audio)] {
        let capability = RTCRtpHeaderExtensionCapability { uri: uri.to_owned() };
        media.register_header_extension(capability, kind, None)?;
    }
    Ok(media)
}

fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Opus => 111,
        Codec::Vp8 => 96,
        Codec::Vp9 => 98,
        Codec::H264 => 125,
        Codec::Av1 => 45,
    }
}

fn parameters(codec: Codec) -> RTCRtpCodecParameters {
    RTCRtpCodecParameters { rtp_codec: rtp_codec(codec), payload_type: payload_type(codec) }
}

/// RTX (RFC 4588), whose payload type follows its codec's; none for audio.
fn retransmission(codec: Codec) -> Option<RTCRtpCodecParameters> {
    let payload_type = payload_type(codec);
    (codec.kind() == Kind::Video).then(|| RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: "video/rtx".to_owned(),
            clock_rate: codec.clock_rate(),
            channels: 0,
            sdp_fmtp_line: format!("apt={payload_type}"),
            rtcp_feedback: Vec::new(),
        },
        payload_type: payload_type + 1,
    })
}

fn rtp_codec(codec: Codec) -> RTCRtpCodec {
    let format = match codec {
        Codec::Opus => "minptime=10;useinbandfec=1",
        Codec::H264 => "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        Codec::Vp9 => "profile-id=0",
        Codec::Vp8 | Codec::Av1 => "",
    };
    let feedback = |typ: &str, parameter: &str| RTCPFeedback {
        typ: typ.to_owned(),
        parameter: parameter.to_owned(),
    };
    let rtcp_feedback = match codec.kind() {
        Kind::Audio => Vec::new(),
        Kind::Video => vec![
            feedback("goog-remb", ""),
            feedback("ccm", "fir"),
            feedback("nack", ""),
            feedback("nack", "pli"),
        ],
    };
    RTCRtpCodec {
        mime_type: codec.mime().to_owned(),
        clock_rate: codec.clock_rate(),
        channels: if codec == Codec::Opus { 2 } else { 0 },
        sdp_fmtp_line: format.to_owned(),
        rtcp_feedback,
    }
}

/// A stream to the peer, and the ssrc of its packets.
pub fn local_track(codec: Codec, track_id: &str, stream_id: &str) -> (MediaStreamTrack, u32) {
    let ssrc = rand::random_range(1..u32::MAX);
    let rtx = (codec.kind() == Kind::Video).then_some(RTCRtpRtxParameters { ssrc: ssrc ^ 1 });
    let encoding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters {
            ssrc: Some(ssrc),
            rtx,
            ..RTCRtpCodingParameters::default()
        },
        active: true,
        codec: rtp_codec(codec),
        ..RTCRtpEncodingParameters::default()
    };
    let (stream_id, track_id) = (stream_id.to_owned(), track_id.to_owned());
    let label = track_id.clone();
    let kind = codec.kind().into();
    (MediaStreamTrack::new(stream_id, track_id, label, kind, vec![encoding]), ssrc)
}

impl From<Kind> for RtpCodecKind {
    fn from(kind: Kind) -> RtpCodecKind {
        match kind {
            Kind::Audio => RtpCodecKind::Audio,
            Kind::Video => RtpCodecKind::Video,
        }
    }
}

/// tokio, and a word when the task that drives the connection has ended: the library says
/// nothing when it ends by an error.
#[derive(Debug)]
struct Watched {
    stopped: CancellationToken,
}

impl Runtime for Watched {
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn(future)
    }

    /// Only the driver is spawned like this.
    fn spawn_reactor(
        &self,
        _pool_size: usize,
        future: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) -> Box<dyn JoinHandle> {
        let guard = self.stopped.clone().drop_guard();
        TokioRuntime.spawn(Box::pin(async move {
            let _guard = guard;
            future.await;
        }))
    }

    fn wrap_udp_socket(&self, socket: UdpSocket) -> std::io::Result<Arc<dyn AsyncUdpSocket>> {
        TokioRuntime.wrap_udp_socket(socket)
    }

    fn wrap_tcp_listener(
        &self,
        listener: std::net::TcpListener,
    ) -> std::io::Result<Arc<dyn AsyncTcpListener>> {
        TokioRuntime.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(
        &'a self,
        remote: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<Arc<dyn AsyncTcpStream>>> + Send + 'a>> {
        TokioRuntime.connect_tcp(remote)
    }

    fn resolve_host<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        TokioRuntime.resolve_host(host)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        TokioRuntime.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        TokioRuntime.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        TokioRuntime.block_on(future);
    }
}

//! What a token lets its bearer do, and what a participant may do now.

use serde::{Deserialize, Serialize};

/// What a track is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    #[default]
    Unknown,
    Camera,
    Microphone,
    ScreenShare,
    ScreenShareAudio,
}

impl Source {
    pub const ALL: [Source; 5] = [
        Source::Unknown,
        Source::Camera,
        Source::Microphone,
        Source::ScreenShare,
        Source::ScreenShareAudio,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Source::Unknown => "unknown",
            Source::Camera => "camera",
            Source::Microphone => "microphone",
            Source::ScreenShare => "screen_share",
            Source::ScreenShareAudio => "screen_share_audio",
        }
    }

    /// In either case, as tokens and protocols write it.
    pub fn named(name: &str) -> Option<Source> {
        Source::ALL.into_iter().find(|source| source.as_str().eq_ignore_ascii_case(name))
    }
}

/// What a track carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Audio,
    Video,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Audio => "audio",
            Kind::Video => "video",
        }
    }
}

/// What a participant may do in its room; a moderator may change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Permission {
    pub publish: bool,
    /// The sources that it may publish; none named is all.
    pub sources: Vec<Source>,
    pub subscribe: bool,
    pub publish_data: bool,
    /// Its own metadata, name and attributes.
    pub update_own: bool,
    /// Others do not see it.
    pub hidden: bool,
    pub recorder: bool,
}

impl Default for Permission {
    fn default() -> Permission {
        Permission {
            publish: true,
            sources: Vec::new(),
            subscribe: true,
            publish_data: true,
            update_own: false,
            hidden: false,
            recorder: false,
        }
    }
}

impl Permission {
    pub fn may_publish(&self, source: Source) -> bool {
        self.publish && (self.sources.is_empty() || self.sources.contains(&source))
    }

    /// What both allow.
    pub fn and(&self, other: &Permission) -> Permission {
        let sources = match (self.sources.is_empty(), other.sources.is_empty()) {
            (true, _) => other.sources.clone(),
            (_, true) => self.sources.clone(),
            _ => self.sources.iter().copied().filter(|it| other.sources.contains(it)).collect(),
        };
        let disjoint = sources.is_empty() && !(self.sources.is_empty() && other.sources.is_empty());
        Permission {
            publish: self.publish && other.publish && !disjoint,
            sources,
            subscribe: self.subscribe && other.subscribe,
            publish_data: self.publish_data && other.publish_data,
            update_own: self.update_own && other.update_own,
            hidden: self.hidden,
            recorder: self.recorder,
        }
    }
}

/// What a token says: the `video` claim of LiveKit's access tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// The room that it is about.
    pub room: Option<String>,
    pub join: bool,
    pub create: bool,
    pub list: bool,
    pub admin: bool,
    pub record: bool,
    pub permission: Permission,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_bound_what_may_be_published() {
        let all = Permission::default();
        assert!(all.may_publish(Source::Camera) && all.may_publish(Source::Unknown));
        let some = Permission { sources: vec![Source::Microphone], ..Permission::default() };
        assert!(some.may_publish(Source::Microphone) && !some.may_publish(Source::Camera));
        let none = Permission { publish: false, ..some.clone() };
        assert!(!none.may_publish(Source::Microphone));
        assert_eq!(all.and(&some).sources, [Source::Microphone]);
        let other = Permission { sources: vec![Source::Camera], ..Permission::default() };
        assert!(!some.and(&other).may_publish(Source::Camera));
        assert!(!some.and(&other).may_publish(Source::Microphone));
    }

    #[test]
    fn sources_are_read_in_either_case() {
        for source in Source::ALL {
            assert_eq!(Source::named(source.as_str()), Some(source));
            assert_eq!(Source::named(&source.as_str().to_uppercase()), Some(source));
        }
        assert_eq!(Source::named("window"), None);
    }
}

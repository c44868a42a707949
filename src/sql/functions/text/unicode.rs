//! Unicode normalisation, and `to_ascii`: letters without their marks.

use unicode_normalization::{
    IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfd_quick, is_nfkc_quick, is_nfkd_quick,
};

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::encoding::Encoding as CharacterSet;
use crate::sqlstate;

use super::Kernel;

pub const KERNELS: &[Kernel] = kernels! {
    rows2 "unicode_normalize_func" => |a: &str, form: &str| Ok(form_named(form)?.normalize(a));
    rows2 "unicode_is_normalized" => |a: &str, form: &str| Ok(form_named(form)?.holds(a));
    rows1 "to_ascii_default" => |_: &str| Err::<String, Error>(unsupported_encoding("UTF8"));
    rows2 "to_ascii_enc" => |a: &str, encoding: i32| to_ascii(a, encoding_numbered(encoding)?);
    rows2 "to_ascii_encname" => |a: &str, encoding: &str| to_ascii(a, encoding_named(encoding)?);
};

/// A normalisation form of Unicode's annex 15.
enum NormalForm {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

fn form_named(name: &str) -> Result<NormalForm> {
    Ok(match name.to_ascii_uppercase().as_str() {
        "NFC" => NormalForm::Nfc,
        "NFD" => NormalForm::Nfd,
        "NFKC" => NormalForm::Nfkc,
        "NFKD" => NormalForm::Nfkd,
        _ => {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("invalid normalization form: {name}"),
            ));
        }
    })
}

impl NormalForm {
    fn normalize(&self, text: &str) -> String {
        match self {
            NormalForm::Nfc => text.nfc().collect(),
            NormalForm::Nfd => text.nfd().collect(),
            NormalForm::Nfkc => text.nfkc().collect(),
            NormalForm::Nfkd => text.nfkd().collect(),
        }
    }

    /// Most texts are decided by their characters' properties alone.
    fn holds(&self, text: &str) -> bool {
        let quick = match self {
            NormalForm::Nfc => is_nfc_quick(text.chars()),
            NormalForm::Nfd => is_nfd_quick(text.chars()),
            NormalForm::Nfkc => is_nfkc_quick(text.chars()),
            NormalForm::Nfkd => is_nfkd_quick(text.chars()),
        };
        match quick {
            IsNormalized::Yes => true,
            IsNormalized::No => false,
            IsNormalized::Maybe => self.normalize(text) == text,
        }
    }
}

/// An encoding of one byte a character that `to_ascii` knows: the first byte that is
/// not ASCII's or a control character, and what stands for it and those after it.
struct Encoding {
    first: u8,
    ascii: &'static [u8],
}

const LATIN1: Encoding = Encoding {
    first: 160,
    ascii: b"  cL Y  \"Ca  -R     'u .,      ?AAAAAAACEEEEIIII NOOOOOxOUUUUYTBaaaaaaaceeeeiiii nooooo/ouuuuyty",
};
const LATIN2: Encoding = Encoding {
    first: 160,
    ascii: b" A L LS \"SSTZ-ZZ a,l'ls ,sstz\"zzRAAAALCCCEEEEIIDDNNOOOOxRUUUUYTBraaaalccceeeeiiddnnoooo/ruuuuyt.",
};
const LATIN9: Encoding = Encoding {
    first: 160,
    ascii: b"  cL YS sCa  -R     Zu .z   EeY?AAAAAAACEEEEIIII NOOOOOxOUUUUYTBaaaaaaaceeeeiiii nooooo/ouuuuyty",
};
const WIN1250: Encoding = Encoding {
    first: 128,
    ascii: b"  ' \"    %S<STZZ `'\"\".--  s>stzz   L A  \"CS  -RZ  ,l'u .,as L\"lzRAAAALCCCEEEEIIDDNNOOOOxRUUUUYTBraaaalccceeeeiiddnnoooo/ruuuuyt ",
};

fn encoding_numbered(number: i32) -> Result<&'static str> {
    let found = CharacterSet::numbered(number).map(CharacterSet::name);
    found.ok_or_else(|| {
        Error::new(sqlstate::UNDEFINED_OBJECT, format!("{number} is not a valid encoding code"))
    })
}

fn encoding_named(name: &str) -> Result<&'static str> {
    let found = CharacterSet::named(name).map(CharacterSet::name);
    found.ok_or_else(|| {
        Error::new(sqlstate::UNDEFINED_OBJECT, format!("{name} is not a valid encoding name"))
    })
}

fn unsupported_encoding(name: &str) -> Error {
    Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        format!("encoding conversion from {name} to ASCII not supported"),
    )
}

/// As PostgreSQL, reads the text's bytes as if they were in that encoding.
fn to_ascii(text: &str, name: &str) -> Result<String> {
    let encoding = match name {
        "LATIN1" => LATIN1,
        "LATIN2" => LATIN2,
        "LATIN9" => LATIN9,
        "WIN1250" => WIN1250,
        other => return Err(unsupported_encoding(other)),
    };
    let letter = |byte: u8| match byte {
        0..128 => byte,
        _ if byte < encoding.first => b' ',
        _ => encoding.ascii[usize::from(byte - encoding.first)],
    };
    Ok(text.bytes().map(|byte| char::from(letter(byte))).collect())
}

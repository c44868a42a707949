//! JSON Web Tokens: read without trust, then verified with a key that was found for them.
//!
//! ```text
//! read(text)  ── header, claims, not believed ──▶ whose is it, which key
//! verify(key, expected)                           signature, then iss, aud, exp, nbf, iat
//! ```
//! The algorithm is the key's. A token only says which one it was signed with, and is
//! refused where that is another: `none`, and an HMAC with a public key as its secret, are
//! no algorithms of any key. Nothing that a header may point at (`jku`, `x5u`, `jwk`) is looked
//! at, and one that must be understood (`crit`) is refused. Members that come twice are refused,
//! in the header and in the claims: readers would not agree on which of them counts.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::signing::{Algorithm, PrivateKey, PublicKey};

/// Why a token is refused; what is told to who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(pub &'static str);

/// A token that was read, and nothing more.
#[derive(Debug)]
pub struct Unverified<'t> {
    pub algorithm: String,
    pub kid: Option<String>,
    pub claims: Map<String, Value>,
    signed: &'t str,
    signature: &'t str,
}

/// What the claims of a token have to say.
pub struct Expected<'e> {
    pub issuer: &'e str,
    /// One of these.
    pub audiences: &'e [String],
    /// Seconds since 1970.
    pub now: i64,
    /// Seconds that the clock of who made the token may be wrong.
    pub skew: i64,
}

/// Reads a token of at most `max` bytes.
pub fn read(text: &str, max: usize) -> Result<Unverified<'_>, Refusal> {
    if text.len() > max {
        return Err(Refusal("it is too long"));
    }
    let malformed = Refusal("it is malformed");
    let (signed, signature) = text.rsplit_once('.').ok_or(malformed)?;
    let (header, claims) =
        signed.split_once('.').filter(|(_, c)| !c.contains('.')).ok_or(malformed)?;
    let header = object(header)?;
    if header.contains_key("crit") {
        return Err(Refusal("it has critical extensions"));
    }
    let text = |name: &str| match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(malformed),
    };
    if text("typ")?
        .is_some_and(|typ| !["jwt", "at+jwt"].contains(&typ.to_ascii_lowercase().as_str()))
    {
        return Err(Refusal("it is of another type"));
    }
    let algorithm = text("alg")?.ok_or(malformed)?;
    Ok(Unverified { algorithm, kid: text("kid")?, claims: object(claims)?, signed, signature })
}

fn object(part: &str) -> Result<Map<String, Value>, Refusal> {
    let malformed = Refusal("it is malformed");
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed)?;
    match serde_json::from_slice(&bytes) {
        Ok(Strict(Value::Object(members))) => Ok(members),
        _ => Err(malformed),
    }
}

impl Unverified<'_> {
    /// A claim that is a text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// The claims, once they are true.
    pub fn verify(
        self,
        key: &PublicKey,
        expected: &Expected<'_>,
    ) -> Result<Map<String, Value>, Refusal> {
        if self.algorithm != key.algorithm().as_str() {
            return Err(Refusal("it is signed by another algorithm than its key's"));
        }
        if !key.verifies(self.signed.as_bytes(), self.signature) {
            return Err(Refusal("its signature is wrong"));
        }
        self.check_claims(expected)?;
        Ok(self.claims)
    }

    fn check_claims(&self, expected: &Expected<'_>) -> Result<(), Refusal> {
        if self.text("iss") != Some(expected.issuer) {
            return Err(Refusal("it is of another issuer"));
        }
        let is_meant = |audience: &Value| {
            audience.as_str().is_some_and(|name| expected.audiences.iter().any(|own| own == name))
        };
        let fits = match self.claims.get("aud") {
            Some(Value::Array(several)) => several.iter().any(is_meant),
            Some(one) => is_meant(one),
            None => false,
        };
        if !fits {
            return Err(Refusal("it is for another audience"));
        }
        self.check_times(expected.now, expected.skew)
    }

    /// The claims, once they are true, of a token that is signed with a secret (HS256): as
    /// applications sign those that let others into rooms. Which secret, its issuer says;
    /// where it names an audience, that is this one.
    pub fn verify_secret(
        self,
        secret: &[u8],
        audience: &str,
        (now, skew): (i64, i64),
    ) -> Result<Map<String, Value>, Refusal> {
        if self.algorithm != "HS256" {
            return Err(Refusal("it is signed by another algorithm than its key's"));
        }
        let signature = URL_SAFE_NO_PAD.decode(self.signature);
        let mac = mac_of(secret, self.signed);
        if !signature.is_ok_and(|signature| mac.verify_slice(&signature).is_ok()) {
            return Err(Refusal("its signature is wrong"));
        }
        if self.claims.get("aud").is_some_and(|named| named.as_str() != Some(audience)) {
            return Err(Refusal("it is for another audience"));
        }
        self.check_times(now, skew)?;
        Ok(self.claims)
    }

    fn check_times(&self, now: i64, skew: i64) -> Result<(), Refusal> {
        let (now, skew) = (now as f64, skew as f64);
        let Some(expires) = self.time("exp")? else {
            return Err(Refusal("it does not say when it expires"));
        };
        if now >= expires + skew {
            return Err(Refusal("it has expired"));
        }
        for claim in ["nbf", "iat"] {
            if self.time(claim)?.is_some_and(|time| now < time - skew) {
                return Err(Refusal("it is not valid yet"));
            }
        }
        Ok(())
    }

    fn time(&self, claim: &str) -> Result<Option<f64>, Refusal> {
        match self.claims.get(claim) {
            None => Ok(None),
            Some(value) => {
                let time = value.as_f64().filter(|time| time.is_finite());
                time.map(Some).ok_or(Refusal("a time in it is no number"))
            }
        }
    }
}

/// A signed token.
pub fn sign(kid: &str, key: &PrivateKey, claims: &Value) -> Option<String> {
    let header = json!({"alg": key.algorithm().as_str(), "typ": "JWT", "kid": kid});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = key.sign(signed.as_bytes())?;
    Some(format!("{signed}.{signature}"))
}

/// A token that is signed with a secret, of claims in JSON.
pub fn sign_with_secret(secret: &[u8], claims: &str) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT"}).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(mac_of(secret, &signed).finalize().into_bytes());
    format!("{signed}.{signature}")
}

fn mac_of(secret: &[u8], signed: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes any key");
    mac.update(signed.as_bytes());
    mac
}

/// The algorithms that tokens of others may have.
pub fn is_known(algorithm: &str) -> bool {
    Algorithm::named(algorithm).is_some()
}

/// JSON in which no object has a member twice.
pub struct Strict(pub Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

/// The name under which serde_json hands on a number with all its digits.
const NUMBER: &str = "$serde_json::private::Number";

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(element)) = elements.next_element()? {
            all.push(element);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if name == NUMBER && all.is_empty() {
                let digits: String = members.next_value()?;
                return digits.parse().map(Value::Number).map_err(de::Error::custom);
            }
            let Strict(value) = members.next_value()?;
            if all.insert(name, value).is_some() {
                return Err(de::Error::custom("a member comes twice"));
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn pair(algorithm: Algorithm) -> (PrivateKey, PublicKey) {
        let key = PrivateKey::generate(algorithm).unwrap();
        let public = PublicKey::of_jwk(&key.public_jwk("k1").unwrap()).unwrap();
        (key, public)
    }

    fn claims() -> Value {
        json!({"iss": "i", "aud": ["x", "a"], "exp": NOW + 60, "nbf": NOW, "iat": NOW, "sub": "s"})
    }

    fn verdict(token: &str, key: &PublicKey, now: i64) -> Result<Map<String, Value>, Refusal> {
        let audiences = ["a".to_owned()];
        let expected = Expected { issuer: "i", audiences: &audiences, now, skew: 30 };
        read(token, 8_192)?.verify(key, &expected)
    }

    fn raw(header: &str, claims: &str, signature: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{signature}", part(header), part(claims))
    }

    #[test]
    fn tokens_of_both_algorithms_are_verified() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
            let (key, public) = pair(algorithm);
            let token = sign("k1", &key, &claims()).unwrap();
            assert_eq!(read(&token, 8_192).unwrap().kid.as_deref(), Some("k1"));
            let verified = verdict(&token, &public, NOW).unwrap();
            assert_eq!(Value::Object(verified), claims());
            let (_, other) = pair(algorithm);
            assert_eq!(verdict(&token, &other, NOW), Err(Refusal("its signature is wrong")));
        }
    }

    #[test]
    fn times_are_taken_with_some_skew() {
        let (key, public) = pair(Algorithm::EdDsa);
        let token = sign("k1", &key, &claims()).unwrap();
        for (now, expected) in [
            (NOW - 31, Some("it is not valid yet")),
            (NOW - 30, None),
            (NOW + 89, None),
            (NOW + 90, Some("it has expired")),
        ] {
            assert_eq!(verdict(&token, &public, now).err(), expected.map(Refusal), "{}", now - NOW);
        }
        for (claim, value) in [("exp", json!("1e99")), ("exp", json!(null)), ("nbf", json!([1]))] {
            let mut wrong = claims();
            wrong[claim] = value;
            let token = sign("k1", &key, &wrong).unwrap();
            assert_eq!(verdict(&token, &public, NOW), Err(Refusal("a time in it is no number")));
        }
        let mut endless = claims();
        endless.as_object_mut().unwrap().remove("exp");
        assert!(verdict(&sign("k1", &key, &endless).unwrap(), &public, NOW).is_err());
    }

    #[test]
    fn another_issuer_or_audience_is_refused() {
        let (key, public) = pair(Algorithm::EdDsa);
        let changed = |claim: &str, value: Value| {
            let mut changed = claims();
            changed[claim] = value;
            verdict(&sign("k1", &key, &changed).unwrap(), &public, NOW).err()
        };
        assert_eq!(changed("aud", json!("a")), None);
        assert_eq!(changed("aud", json!(["b"])), Some(Refusal("it is for another audience")));
        assert_eq!(changed("aud", json!({"a": 1})), Some(Refusal("it is for another audience")));
        assert_eq!(changed("iss", json!("j")), Some(Refusal("it is of another issuer")));
        assert_eq!(changed("iss", json!(["i"])), Some(Refusal("it is of another issuer")));
    }

    #[test]
    fn the_algorithm_is_the_keys() {
        let (key, public) = pair(Algorithm::EdDsa);
        let claims = claims().to_string();
        for header in
            [r#"{"alg":"none"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"ES256"}"#, r#"{"alg":"eddsa"}"#]
        {
            let token = raw(header, &claims, "");
            assert!(verdict(&token, &public, NOW).is_err(), "{header}");
        }
        // The public key as a secret.
        let jwk = key.public_jwk("k1").unwrap();
        let unsigned = raw(r#"{"alg":"HS256"}"#, &claims, "");
        let signed = unsigned.trim_end_matches('.');
        let secret = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&secret).unwrap();
        mac.update(signed.as_bytes());
        let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        let refusal = Refusal("it is signed by another algorithm than its key's");
        assert_eq!(verdict(&forged, &public, NOW), Err(refusal));
    }

    #[test]
    fn a_token_of_a_secret_is_verified_with_that_secret() {
        let claims = json!({"iss": "k", "exp": NOW + 60, "nbf": NOW}).to_string();
        let token = sign_with_secret(b"secret", &claims);
        let verdict = |token: &str, secret: &[u8], now| {
            read(token, 8_192).and_then(|it| it.verify_secret(secret, "a", (now, 30))).err()
        };
        assert_eq!(verdict(&token, b"secret", NOW), None);
        assert_eq!(verdict(&token, b"other", NOW), Some(Refusal("its signature is wrong")));
        assert_eq!(verdict(&token, b"secret", NOW + 90), Some(Refusal("it has expired")));
        assert_eq!(verdict(&token, b"secret", NOW - 31), Some(Refusal("it is not valid yet")));
        let named = |audience: &str| {
            sign_with_secret(b"s", &json!({"exp": NOW + 60, "aud": audience}).to_string())
        };
        assert_eq!(verdict(&named("a"), b"s", NOW), None);
        assert_eq!(verdict(&named("b"), b"s", NOW), Some(Refusal("it is for another audience")));
        let (key, _) = pair(Algorithm::EdDsa);
        let other = sign("k1", &key, &json!({"exp": NOW + 60})).unwrap();
        let refusal = Refusal("it is signed by another algorithm than its key's");
        assert_eq!(verdict(&other, b"s", NOW), Some(refusal));
        assert!(verdict(&raw(r#"{"alg":"none"}"#, &claims, ""), b"secret", NOW).is_some());
    }

    #[test]
    fn what_is_malformed_or_doubled_is_refused() {
        let good = r#"{"alg":"EdDSA"}"#;
        let wrong = [
            String::new(),
            "a.b".to_owned(),
            "a.b.c.d".to_owned(),
            "....".to_owned(),
            raw("[]", "{}", ""),
            raw("{}", "{}", ""),
            raw(good, "1", ""),
            raw(good, "{", ""),
            raw(r#"{"alg":"EdDSA","alg":"none"}"#, "{}", ""),
            raw(good, r#"{"role":"a","role":"b"}"#, ""),
            raw(good, r#"{"x":[{"y":1,"y":2}]}"#, ""),
            raw(r#"{"alg":1}"#, "{}", ""),
            raw(r#"{"alg":"EdDSA","kid":["a"]}"#, "{}", ""),
            raw(r#"{"alg":"EdDSA","crit":["b64"]}"#, "{}", ""),
            raw(r#"{"alg":"EdDSA","typ":"JWE"}"#, "{}", ""),
            format!("{}=.e30.", URL_SAFE_NO_PAD.encode(good)),
        ];
        for token in wrong {
            assert!(read(&token, 8_192).is_err(), "{token}");
        }
        let token = raw(good, r#"{"n":1.50,"s":"x","b":[true,null],"o":{}}"#, "");
        assert_eq!(
            Value::Object(read(&token, 8_192).unwrap().claims).to_string(),
            r#"{"n":1.50,"s":"x","b":[true,null],"o":{}}"#
        );
        assert_eq!(read(&token, 10).unwrap_err(), Refusal("it is too long"));
    }
}

//! Verifies the signatures of id tokens with ring, which the TLS clients link anyway.

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
    signature::{self as api, Verifier},
};
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm};

/// What providers sign with. Not HMAC: its key is the client's secret, so who knows that could sign.
pub(super) const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Ring {
            algorithm: *algorithm,
            method: method(*algorithm, key)?,
            key: key.clone(),
        }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes ring verify for `jsonwebtoken` in this process. Further calls do nothing.
pub(super) fn install() {
    PROVIDER.install_default().ok();
}

enum Method {
    Rsa(&'static RsaParameters),
    Curve(&'static dyn VerificationAlgorithm),
}

/// The method of an algorithm, if the key is of its family.
fn method(algorithm: Algorithm, key: &DecodingKey) -> Result<Method> {
    let (family, method) = match algorithm {
        Algorithm::RS256 => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => rsa(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => rsa(&signature::RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => {
            (AlgorithmFamily::Ec, Method::Curve(&signature::ECDSA_P256_SHA256_FIXED))
        }
        Algorithm::ES384 => {
            (AlgorithmFamily::Ec, Method::Curve(&signature::ECDSA_P384_SHA384_FIXED))
        }
        Algorithm::EdDSA => (AlgorithmFamily::Ed, Method::Curve(&signature::ED25519)),
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    if key.family() != family {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(method)
}

fn rsa(parameters: &'static RsaParameters) -> (AlgorithmFamily, Method) {
    (AlgorithmFamily::Rsa, Method::Rsa(parameters))
}

struct Ring {
    algorithm: Algorithm,
    method: Method,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), api::Error> {
        let verified = match (&self.method, self.key.kind()) {
            (Method::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Method::Curve(algorithm), DecodingKeyKind::SecretOrDer(point)) => {
                signature::UnparsedPublicKey::new(*algorithm, point).verify(message, signature)
            }
            _ => return Err(api::Error::new()),
        };
        verified.map_err(|_| api::Error::new())
    }
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

use crate::process::{give_to, is_root};

/// An authority of a test's own and the certificate of a server on the loopback.
#[derive(Debug)]
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Makes them, for `localhost` and 127.0.0.1; `owner` is the account that may read the key.
    pub(crate) fn make(owner: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut authority = CertificateParams::new(Vec::new()).expect("params");
        // Both would have the same name otherwise, and the second look as if it signed itself.
        authority.distinguished_name.push(DnType::CommonName, "authority of a test");
        authority.key_usages.push(KeyUsagePurpose::KeyCertSign);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().expect("key");
        let authority_certificate = authority.self_signed(&authority_key).expect("certificate");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().expect("key");
        let issuer = Issuer::new(authority, authority_key);
        let mut server = CertificateParams::new(names).expect("params");
        server.distinguished_name.push(DnType::CommonName, "localhost");
        let certificate = server.signed_by(&key, &issuer).expect("certificate");
        for (name, pem) in [
            ("ca.pem", authority_certificate.pem()),
            ("server.pem", certificate.pem()),
            ("server.key", key.serialize_pem()),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, pem).expect("file");
            // PostgreSQL refuses a key that others may read.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("permissions");
            if let Some(owner) = owner.filter(|_| is_root()) {
                give_to(owner, &path);
            }
        }
        if let Some(owner) = owner.filter(|_| is_root()) {
            give_to(owner, folder.path());
        }
        Self { folder }
    }

    /// What a client must trust.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

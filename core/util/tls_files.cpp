// SPDX-License-Identifier: Apache-2.0
#include "util/tls_files.h"

#include <QFile>
#include <QSslCertificate>
#include <QSslKey>
#include <QSslSocket>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

Result<QByteArray> readFile(const QString &path, const QString &what)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return failure(u"%1 \"%2\" cannot be read: %3"_s.arg(what, path, file.errorString()));
    return file.read(16 * 1024 * 1024);
}

Result<QList<QSslCertificate>> readCertificates(const QString &path, const QString &what)
{
    const auto pem = readFile(path, what);
    if (!pem)
        return tl::unexpected(pem.error());
    const QList<QSslCertificate> certificates = QSslCertificate::fromData(*pem, QSsl::Pem);
    if (certificates.isEmpty())
        return failure(u"%1 \"%2\" holds no PEM certificate"_s.arg(what, path));
    return certificates;
}

Result<QSslKey> readKey(const QString &path)
{
    const auto pem = readFile(path, u"the TLS key"_s);
    if (!pem)
        return tl::unexpected(pem.error());
    for (const QSsl::KeyAlgorithm algorithm : {QSsl::Rsa, QSsl::Ec, QSsl::Dsa}) {
        QSslKey key(*pem, algorithm, QSsl::Pem, QSsl::PrivateKey);
        if (!key.isNull())
            return key;
    }
    return failure(u"the TLS key \"%1\" holds no unencrypted PEM private key"_s.arg(path));
}

/// Qt tells no key's public part. But both encodings hold it as the same bytes: the end of the public key's (RSA: modulus
/// and exponent, EC: the point) stands in the private key's. An EC key may have been saved without; it is let through.
bool belongTogether(const QSslKey &publicKey, const QSslKey &privateKey)
{
    constexpr qsizetype tail = 60;
    if (publicKey.algorithm() != privateKey.algorithm() || publicKey.length() != privateKey.length())
        return false;
    const QByteArray secret = privateKey.toDer();
    const bool holdsPublicPart = privateKey.algorithm() != QSsl::Ec || secret.size() > privateKey.length() / 4;
    const bool same = secret.contains(publicKey.toDer().last(tail));
    return same || !holdsPublicPart;
}

} // namespace

Result<QSslConfiguration> loadServerTls(const QString &certFile, const QString &keyFile)
{
    if (!QSslSocket::supportsSsl())
        return failure(u"this build of Qt has no TLS; install OpenSSL's library"_s);
    const auto chain = readCertificates(certFile, u"the TLS certificate"_s);
    if (!chain)
        return tl::unexpected(chain.error());
    const auto key = readKey(keyFile);
    if (!key)
        return tl::unexpected(key.error());
    if (!belongTogether(chain->first().publicKey(), *key))
        return failure(u"the TLS key \"%1\" does not belong to the certificate \"%2\""_s.arg(keyFile, certFile));
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setLocalCertificateChain(*chain);
    configuration.setPrivateKey(*key);
    configuration.setPeerVerifyMode(QSslSocket::VerifyNone); // clients show keys, not certificates
    configuration.setProtocol(QSsl::TlsV1_2OrLater);
    return configuration;
}

Result<ClientTls> loadClientTls(const QString &caFile, bool verify)
{
    if (caFile.isEmpty() && verify)
        return ClientTls();
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setProtocol(QSsl::TlsV1_2OrLater);
    configuration.setPeerVerifyMode(verify ? QSslSocket::VerifyPeer : QSslSocket::VerifyNone);
    if (!caFile.isEmpty()) {
        const auto authorities = readCertificates(caFile, u"the CA file"_s);
        if (!authorities)
            return tl::unexpected(authorities.error());
        // Not addCaCertificates(): with it the system's are no longer looked up.
        configuration.setCaCertificates(QSslConfiguration::systemCaCertificates() + *authorities);
    }
    return configuration;
}

} // namespace pdlb

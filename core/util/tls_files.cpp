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
    if (chain->first().publicKey().algorithm() != key->algorithm() || chain->first().publicKey().length() != key->length())
        return failure(u"the TLS key \"%1\" does not belong to the certificate \"%2\""_s.arg(keyFile, certFile));
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setLocalCertificateChain(*chain);
    configuration.setPrivateKey(*key);
    configuration.setPeerVerifyMode(QSslSocket::VerifyNone); // clients show keys, not certificates
    configuration.setProtocol(QSsl::TlsV1_2OrLater);
    return configuration;
}

Result<QSslConfiguration> loadClientTls(const QString &caFile, bool verify)
{
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setProtocol(QSsl::TlsV1_2OrLater);
    configuration.setPeerVerifyMode(verify ? QSslSocket::VerifyPeer : QSslSocket::VerifyNone);
    if (!caFile.isEmpty()) {
        const auto authorities = readCertificates(caFile, u"the CA file"_s);
        if (!authorities)
            return tl::unexpected(authorities.error());
        configuration.addCaCertificates(*authorities);
    }
    return configuration;
}

} // namespace pdlb

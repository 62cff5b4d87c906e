// SPDX-License-Identifier: Apache-2.0

// Keys, TLS, origins and what engines are told of clients: T107, T109-T112, T115, T118, T122 of the HTTP reference.
#include "scripts.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

class TstAccess : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
};

QTEST_GUILESS_MAIN(TstAccess)
#include "tst_access.moc"

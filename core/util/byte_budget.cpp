// SPDX-License-Identifier: Apache-2.0
#include "util/byte_budget.h"

namespace pdlb {

ByteBudget::Charge &ByteBudget::Charge::operator=(Charge &&other) noexcept
{
    if (this != &other) {
        release();
        m_budget = other.m_budget;
        m_bytes = std::exchange(other.m_bytes, 0);
    }
    return *this;
}

bool ByteBudget::Charge::grow(qint64 bytes)
{
    if (!m_budget || bytes <= 0)
        return true;
    const qint64 used = m_budget->m_used.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (m_budget->m_limit > 0 && used > m_budget->m_limit) {
        m_budget->m_used.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
    }
    m_bytes += bytes;
    return true;
}

void ByteBudget::Charge::release()
{
    if (m_bytes > 0)
        m_budget->m_used.fetch_sub(m_bytes, std::memory_order_relaxed);
    m_bytes = 0;
}

} // namespace pdlb

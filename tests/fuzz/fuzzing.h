// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <memory>

/// What every fuzz target uses. A target is a function LLVMFuzzerTestOneInput() that ends the process when an oracle is
/// not met; libFuzzer's driver or replay.cpp calls it.
namespace pdlb::fuzz {

[[noreturn]] void fail(const char *file, int line, const char *what);

/// The input: its first two bytes choose, the rest is what is read.
struct Input {
    Input(const uint8_t *data, size_t size);
    uchar options = 0;
    uchar cuts = 0; ///< the seed of Feed::Cut
    QByteArrayView bytes;
};

/// How a reader gets its bytes.
enum class Feed {
    Whole,
    Bytewise,
    Cut, ///< in pieces whose sizes follow from the seed
};
inline constexpr Feed everyFeed[] = {Feed::Whole, Feed::Bytewise, Feed::Cut};

class PieceSizes
{
public:
    PieceSizes(Feed feed, uchar seed) : m_feed(feed), m_state(seed) {}
    qsizetype next(qsizetype left);

private:
    Feed m_feed;
    quint32 m_state;
};

/// Calls take(QByteArrayView) for each piece until it returns false. Each piece lies in memory of its own that is gone
/// afterwards: AddressSanitizer sees who reads beyond it or remembers a place in it.
template <typename Take> void feedPieces(QByteArrayView bytes, Feed feed, uchar seed, Take take)
{
    PieceSizes sizes(feed, seed);
    while (!bytes.isEmpty()) {
        const qsizetype size = sizes.next(bytes.size());
        const auto piece = std::make_unique<char[]>(size_t(size));
        std::copy_n(bytes.data(), size, piece.get());
        if (!take(QByteArrayView(piece.get(), size)))
            return;
        bytes = bytes.sliced(size);
    }
}

} // namespace pdlb::fuzz

/// An oracle. Checks in every build, unlike Q_ASSERT.
#define FUZZ_CHECK(condition) ((condition) ? void() : pdlb::fuzz::fail(__FILE__, __LINE__, #condition))

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// SPDX-License-Identifier: Apache-2.0

// print_rooms COUNT [SEED]: bootstrap rooms as one balancer makes them, as native 64-bit integers on stdout.
#include "pd/room_source.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    pdlb::SystemRandom system;
    pdlb::SeededRandom seeded(argc > 2 ? quint32(std::atoi(argv[2])) : 0);
    pdlb::pd::RoomSource rooms(argc > 2 ? static_cast<pdlb::Random &>(seeded) : system);
    for (int left = std::atoi(argv[1]); left > 0; --left) {
        const quint64 room = rooms.next();
        if (std::fwrite(&room, sizeof room, 1, stdout) != 1)
            return 1;
    }
    return std::fflush(stdout) == 0 ? 0 : 1;
}

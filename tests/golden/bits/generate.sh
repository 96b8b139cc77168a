#!/usr/bin/env bash
# Makes clip.mp4, the video whose faces tests/bits.rs prepares: the astronaut of ../retinaface moving in
# front of a noisy camera, in H.264 with frames that wait for later ones. Another version of ffmpeg or
# x264 makes another file; the one that is committed is what the digests belong to.
set -euo pipefail
cd "$(dirname "$0")"
move="crop=480:360:'16+14*sin(t*3)':'8+8*cos(t*2)'"
ffmpeg -nostdin -v error -y -loop 1 -i ../retinaface/astronaut.png -t 2 -r 10 \
    -vf "$move,scale=320:240,noise=alls=7:allf=t,format=yuv420p" \
    -c:v libx264 -crf 30 -bf 2 clip.mp4

/** Runs in a worker before the kit's script: a clock that can be set. Its name is the first offset in milliseconds. */
import { CLOCK_CHANNEL } from './clock-channel.js';

const now = Date.now.bind(Date);
let offsetMs = Number(self.name);
Date.now = () => now() + offsetMs;
new BroadcastChannel(CLOCK_CHANNEL).addEventListener('message', ({ data }: MessageEvent<number>) => {
  offsetMs = data;
});

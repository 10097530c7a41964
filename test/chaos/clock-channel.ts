/** Name of the channel on which pages set the clocks of all workers, as an offset in milliseconds. */
export const CLOCK_CHANNEL = 'chaos-clock';

/** What keeps the device with the kiosk: the full screen, a screen that stays on, and a sound. */

export interface Attention {
  readonly staysOn: boolean;
  /** Whether the page could fill the screen and does not. */
  readonly wantsScreen: boolean;
  leaveScreen(): void;
  chime(): void;
}

/** Keys that have to do their own work. */
const OTHER_KEYS = ['Tab', 'Escape', 'Shift', 'Control', 'Alt', 'Meta'];
const CHIME = { hertz: 880, seconds: 0.25, volume: 0.2 } as const;

/** @param onChange when something of it is otherwise than before */
export function keepAttention(onChange: () => void): Attention {
  let lock: WakeLockSentinel | null = null;
  let audio: AudioContext | null = null;

  async function keepOn(): Promise<void> {
    // Absent in some browsers, and refused to hidden pages and by some devices.
    const wakeLock = (navigator as { wakeLock?: WakeLock }).wakeLock;
    if (document.hidden || !wakeLock || lock?.released === false) return;
    lock = await wakeLock.request('screen').catch(() => null);
    lock?.addEventListener('release', onChange);
    onChange();
  }

  function fillScreen(): void {
    void keepOn();
    // Browsers refuse sound before the first touch, and say so in the console.
    audio ??= new AudioContext();
    if (document.fullscreenElement || !document.fullscreenEnabled) return;
    // Refused where the touch was too long ago; the button stays.
    document.documentElement.requestFullscreen({ navigationUI: 'hide' }).catch(() => undefined);
  }

  document.addEventListener('visibilitychange', () => void keepOn());
  document.addEventListener('fullscreenchange', onChange);
  document.addEventListener('click', fillScreen);
  document.addEventListener('keydown', ({ key }) => {
    if (!OTHER_KEYS.includes(key)) fillScreen();
  });
  void keepOn();

  return {
    get staysOn() {
      return lock?.released === false;
    },
    get wantsScreen() {
      return document.fullscreenEnabled && !document.fullscreenElement;
    },
    leaveScreen() {
      document.removeEventListener('click', fillScreen);
      if (document.fullscreenElement) void document.exitFullscreen();
    },
    chime() {
      if (audio?.state !== 'running') return;
      const [tone, volume] = [audio.createOscillator(), audio.createGain()];
      const end = audio.currentTime + CHIME.seconds;
      tone.frequency.value = CHIME.hertz;
      volume.gain.setValueAtTime(CHIME.volume, audio.currentTime);
      volume.gain.exponentialRampToValueAtTime(0.001, end);
      tone.connect(volume).connect(audio.destination);
      tone.start();
      tone.stop(end);
    },
  };
}

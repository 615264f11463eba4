/** The camera: a preview, and buttons that take pictures. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.ts';
import type { PicturePixels } from '../worker/messages.ts';
import { pixelsOf } from './pixels-of.ts';

interface CameraProps {
  /** Called with a picture while the button is held, or once for a click. The pictures of one hold have the same number of a recording. */
  readonly onPicture: (picture: PicturePixels, recording: number) => void;
  readonly onClose: () => void;
  readonly button: string;
  /** The number of milliseconds between pictures while the button is held; 0 for one picture per click. */
  readonly every: number;
}

/** A browser sends a click within this time after the key or pointer that caused it. */
const clickMillis = 500;

export function Camera({ onPicture, onClose, button, every }: CameraProps) {
  const video = useRef<HTMLVideoElement>(null);
  const timer = useRef<number | undefined>(undefined);
  const recording = useRef(0);
  /** When the button was last held or released. */
  const held = useRef(Number.NEGATIVE_INFINITY);
  const [error, setError] = useState<string>();
  useEffect(() => {
    let stream: MediaStream | undefined;
    let isOpen = true;
    const open = async () => {
      // Browsers offer the camera only to pages of this machine or with HTTPS. Their types do not say so.
      const { mediaDevices } = navigator as { readonly mediaDevices?: MediaDevices };
      if (mediaDevices === undefined)
        throw new Error(
          'browsers give it only to pages of the same machine or with HTTPS: open the page there, or through ssh -L',
        );
      stream = await mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      if (!isOpen) return stop();
      if (video.current !== null) video.current.srcObject = stream;
    };
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    open().catch((reason: unknown) =>
      setError(`The camera cannot be used (${messageOf(reason)}). Allow it in the browser, or choose files.`),
    );
    return () => {
      isOpen = false;
      clearInterval(timer.current);
      stop();
    };
  }, []);
  const take = () => {
    const { current } = video;
    if (current !== null && current.videoWidth > 0)
      onPicture(pixelsOf(current, current.videoWidth, current.videoHeight), recording.current);
  };
  const hold = () => {
    recording.current = Date.now();
    held.current = performance.now();
    clearInterval(timer.current);
    take();
    if (every > 0) timer.current = window.setInterval(take, every);
  };
  const release = () => {
    if (Number.isFinite(held.current)) held.current = performance.now();
    clearInterval(timer.current);
    timer.current = undefined;
  };
  return (
    <div class="camera">
      {error === undefined ? (
        <video ref={video} autoPlay muted playsInline aria-label="What the camera sees" />
      ) : (
        <p class="message failure" role="alert">
          {error}
        </p>
      )}
      <div class="toolbar">
        <button
          type="button"
          class="primary"
          onPointerDown={hold}
          onClick={({ detail }) => {
            // Assistive technology clicks without a pointer. A click after a pointer or a key has been handled.
            const isHandled = detail > 0 || performance.now() - held.current < clickMillis;
            if (isHandled) return;
            recording.current = Date.now();
            take();
          }}
          onPointerUp={release}
          onPointerLeave={release}
          onPointerCancel={release}
          onKeyDown={(event) => {
            if ((event.key === ' ' || event.key === 'Enter') && !event.repeat) hold();
          }}
          onKeyUp={release}
          onBlur={release}
        >
          {button}
        </button>
        <button type="button" onClick={onClose}>
          Close the camera
        </button>
      </div>
    </div>
  );
}

/** The camera of the device. */

/** @param deviceId of a camera, or empty for the one that faces the user */
export async function openCamera(deviceId: string): Promise<MediaStream> {
  // Absent on plain http pages, whatever the type says.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new DOMException('No camera on insecure pages', 'InsecureContextError');
  const which = deviceId === '' ? { facingMode: 'user' } : { deviceId: { exact: deviceId } };
  return devices.getUserMedia({ video: { ...which, width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false });
}

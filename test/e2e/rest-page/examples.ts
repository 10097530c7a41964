/**
 * The example requests of the documented API, in its order, translated from Python to fetch with nothing else changed than
 * the host. Needs the files that they open.
 */

/** `fetch`, or whatever stands in for it. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** @param open the files of the examples; @param base64 the same, encoded */
export function createExamples(
  fetch: Fetch,
  apiKey: string,
  open: (file: string) => Blob,
  base64: (file: string) => string,
) {
  const headers = { 'x-api-key': apiKey, 'Content-Type': 'application/json' };
  const binary = { 'x-api-key': apiKey, 'Content-Type': 'image/jpeg' };
  const send = (method: string, url: string, data: object) =>
    fetch(url, { method, headers, body: JSON.stringify(data) });
  return {
    detectSpoof: () => fetch('/v1/spdetect', { method: 'POST', headers: binary, body: open('fake_1.jpg') }),
    detectFaces: () => fetch('/v1/facedetect', { method: 'POST', headers: binary, body: open('real_1.jpg') }),
    detectRawLandmarks: () =>
      fetch('/v1/facedetect?rawlandmarks=true', { method: 'POST', headers: binary, body: open('real_1.jpg') }),
    enroll: () =>
      send('POST', '/v1/enroll', {
        img0: base64('0.jpg'),
        img1: base64('1.jpg'),
        img2: base64('2.jpg'),
        img3: base64('3.jpg'),
        img4: base64('4.jpg'),
        name: 'John Doe',
      }),
    updateEnrollment: (enrollment_id: string) => send('PUT', '/v1/enroll', { enrollment_id, img0: base64('3.jpg') }),
    deleteEnrollment: (enrollment_id: string) => send('DELETE', '/v1/enroll', { enrollment_id }),
    createCollection: () => send('POST', '/v1/collection', { name: 'Home' }),
    updateCollection: (enrollment_id: string, collection_id: string) =>
      send('PUT', '/v1/collection', { enrollment_id, collection_id }),
    deleteCollection: (collection_id: string) => send('DELETE', '/v1/collection', { collection_id }),
    train: (collection_id: string) => send('POST', '/v1/train', { collection_id }),
    listCollections: () => fetch('/v1/collection', { headers }),
    match: (id: string) => send('POST', '/v1/match', { img: base64('2.jpg'), id }),
    identify: (collection_id: string) => send('POST', '/v1/identify', { img: base64('2.jpg'), collection_id }),
    /** What the text describes without an example. */
    send,
  };
}

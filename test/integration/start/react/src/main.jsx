import { FaceCamera, useFaceKit } from 'inface/react';
import { useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';

function App() {
  const { kit, error } = useFaceKit();
  const [team, setTeam] = useState(null);
  const [text, setText] = useState('');
  const camera = useRef(null);

  useEffect(() => {
    if (!kit) return;
    void kit.collections.list().then(async ([first]) => setTeam(first ?? (await kit.collections.create('Team'))));
  }, [kit]);

  async function remember(event) {
    event.preventDefault();
    const name = new FormData(event.currentTarget).get('person');
    const result = await kit.enroll([camera.current.video], { name, collectionId: team.id });
    if (result.outcome === 'rejected') setText(result.images[0].reasons.join(', '));
  }

  return (
    <>
      <FaceCamera
        ref={camera}
        kit={kit}
        collection={team?.id}
        autostart
        onIdentified={({ detail }) => setText(`Hello ${detail.identification.name}`)}
        onNoFace={() => setText('')}
      />
      <form onSubmit={remember}>
        <label>
          Your name <input name="person" required />
        </label>
        <button disabled={!team}>Remember me</button>
      </form>
      <output>{error?.message ?? text}</output>
    </>
  );
}

createRoot(document.querySelector('#app')).render(<App />);

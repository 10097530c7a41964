import { useFaceKit } from 'inface/react';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { nameFaces } from './people.js';

function App() {
  const { kit, error } = useFaceKit();
  const [names, setNames] = useState('');
  useEffect(() => {
    if (kit) void nameFaces(kit).then(setNames);
  }, [kit]);
  return <output>{error?.message ?? names}</output>;
}

createRoot(document.querySelector('#app')).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

'use client';
import { useFaceKit } from 'inface/react';
import { useEffect, useState } from 'react';
import { nameFaces } from '../src/people.js';

export default function Page() {
  const { kit, error } = useFaceKit();
  const [names, setNames] = useState('');
  useEffect(() => {
    if (kit) void nameFaces(kit).then(setNames);
  }, [kit]);
  return <output>{error?.message ?? names}</output>;
}

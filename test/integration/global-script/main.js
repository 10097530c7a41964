inface.createFaceKit().then(async (kit) => {
  const { nameFaces } = await import('/src/people.js');
  document.querySelector('output').textContent = await nameFaces(kit);
});

/** Fetches a photo of the site. */
const fetchPhoto = async (name) => (await fetch(`/photos/${name}.jpg`)).blob();

/**
 * Enrolls two people, and names the faces in a photo of both.
 * @param {import('inface').FaceKit} kit
 * @returns {Promise<string>} the names, separated by commas
 */
export async function nameFaces(kit) {
  const team = await kit.collections.create('Team');
  for (const name of ['Anna', 'Ben']) {
    await kit.enroll([await fetchPhoto(name)], { name, collectionId: team.id });
  }
  const { faces } = await kit.identify(await fetchPhoto('both'), team.id);
  return faces.map((face) => (face.outcome === 'identified' ? face.name : 'unknown')).join(', ');
}

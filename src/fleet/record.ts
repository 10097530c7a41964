/** Records of a fleet, to and from bytes. PURE. */
import type { ReplicaBlock, ReplicaCollection, ReplicaMember, ReplicaProfile } from '../api/replica.js';
import type { Stamp } from './stamp.js';

/** One record with its version: what a fleet replicates. `content` is `null` in a deletion. */
export type FleetRecord =
  | { readonly kind: 'profile'; readonly id: string; readonly stamp: Stamp; readonly content: ReplicaProfile | null }
  | {
      readonly kind: 'collection';
      readonly id: string;
      readonly stamp: Stamp;
      readonly content: ReplicaCollection | null;
    }
  | { readonly kind: 'member'; readonly id: string; readonly stamp: Stamp; readonly content: ReplicaMember };

/** Name of a record in the fleet, unique over all kinds. */
export type RecordName = `${FleetRecord['kind']}:${string}`;

export function nameOf({ kind, id }: Pick<FleetRecord, 'kind' | 'id'>): RecordName {
  return `${kind}:${id}`;
}

/** Id of a membership. The ids of stores have no slash. */
export function memberId({ collectionId, profileId }: Pick<ReplicaMember, 'collectionId' | 'profileId'>): string {
  return `${collectionId}/${profileId}`;
}

/** Returns the ids in that of a membership. */
export function pairOf(id: string): { readonly collectionId: string; readonly profileId: string } {
  const [collectionId = '', profileId = ''] = id.split('/');
  return { collectionId, profileId };
}

/** Vectors are after the JSON, as float32 in little-endian order; the JSON has their lengths. */
interface WireBlock {
  readonly space: string;
  readonly templates: readonly {
    readonly id: string;
    readonly createdAt: string;
    readonly quality: number | null;
    readonly length: number;
  }[];
}

/** Returns the bytes of a record: the length of its JSON (4 bytes), the JSON, the vectors. */
export function encodeRecord(record: FleetRecord): Uint8Array<ArrayBuffer> {
  const vectors: Float32Array[] = [];
  const body = JSON.stringify({ ...record, content: toWire(record, vectors) });
  return joinJson(body, vectors);
}

/** @throws any error when the bytes are not those of a record */
export function decodeRecord(bytes: Uint8Array<ArrayBuffer>): FleetRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(4, 4 + length));
  // The bytes were signed by a writer of the fleet; the store checks the fields.
  const record = JSON.parse(json) as FleetRecord;
  const floats = new Float32Array(bytes.slice(4 + length).buffer);
  let at = 0;
  const fromWire = (blocks: readonly WireBlock[]): ReplicaBlock[] =>
    blocks.map(({ space, templates }) => ({
      space,
      templates: templates.map(({ length: size, ...template }) => {
        const vector = floats.slice(at, (at += size));
        return { ...template, vector };
      }),
    }));
  const content = record.content as { blocks?: unknown; negatives?: unknown } | null;
  if (content?.blocks !== undefined) content.blocks = fromWire(content.blocks as readonly WireBlock[]);
  if (content?.negatives !== undefined) content.negatives = fromWire(content.negatives as readonly WireBlock[]);
  return record;
}

/**
 * Returns a digest of a collection or a membership, which is the same only for equal contents.
 * It is `''` for a profile, of which only `updatedAt` is compared.
 */
export async function digestOf(content: ReplicaProfile | ReplicaCollection | ReplicaMember): Promise<string> {
  if ('blocks' in content) return '';
  const vectors: Float32Array[] = [];
  const body =
    'negatives' in content
      ? [content.isMember, toBlocks(content.negatives, vectors)]
      : [content.name, content.unknowns, content.createdAt];
  const hash = await crypto.subtle.digest('SHA-256', joinJson(JSON.stringify(body), vectors));
  return Array.from(new Uint8Array(hash, 0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Leaves the owner out: API keys exist in one store only. */
function toWire({ kind, content }: FleetRecord, vectors: Float32Array[]): unknown {
  if (content === null) return null;
  if (kind === 'collection') return { ...content, owner: null };
  return kind === 'profile'
    ? { ...content, owner: null, blocks: toBlocks(content.blocks, vectors) }
    : { ...content, negatives: toBlocks(content.negatives, vectors) };
}

function toBlocks(blocks: readonly ReplicaBlock[], vectors: Float32Array[]): WireBlock[] {
  return blocks.map(({ space, templates }) => ({
    space,
    templates: templates.map(({ vector, ...template }) => {
      vectors.push(vector);
      return { ...template, length: vector.length };
    }),
  }));
}

function joinJson(json: string, vectors: readonly Float32Array[]): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(json);
  const bytes = new Uint8Array(4 + head.length + 4 * vectors.reduce((sum, { length }) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, head.length, true);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const vector of vectors) {
    for (const value of vector) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return bytes;
}

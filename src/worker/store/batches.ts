/** Works on many records without making everything else wait. */

/** Number of records that are worked on at once, which takes some milliseconds. */
export const RECORDS_PER_BATCH = 250;

/**
 * Works on many records, a batch at a time. To wait for each write of 20,000 records takes several times as long as the
 * writes themselves. To start all at once delays every other call until the last one is done.
 * @param onDone called with the number of records of each batch
 */
export async function inBatches<T, R>(
  records: readonly T[],
  work: (record: T, i: number) => Promise<R>,
  onDone: (count: number) => void = () => undefined,
): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < records.length; start += RECORDS_PER_BATCH) {
    const batch = records.slice(start, start + RECORDS_PER_BATCH);
    results.push(...(await Promise.all(batch.map((record, i) => work(record, start + i)))));
    onDone(batch.length);
  }
  return results;
}

/**
 * A page of at most `limit` rows, given one more where there is one. `cursorOf` its last row is where the next one
 * goes on.
 */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => string,
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit)
  return { items, nextCursor: rows.length > limit ? cursorOf(items.at(-1)!) : null }
}

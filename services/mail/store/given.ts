import { sql, type RawBuilder } from 'kysely'

/** Rows as one parameter: `from ${givenRows(rows, 'id uuid, "sizeBytes" bigint')}`. */
export function givenRows(rows: readonly object[], columns: string, name = 'given'): RawBuilder<unknown> {
  return sql`jsonb_to_recordset(${toJson(rows)}::jsonb) as ${sql.raw(name)} (${sql.raw(columns)})`
}

/** Postgres keeps neither NUL nor half a surrogate pair in a text, and mail has both. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, text: unknown) => (typeof text === 'string' ? storable(text) : text))
}

function storable(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '') : text).toWellFormed()
}

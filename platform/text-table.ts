/** Rows as columns of equal width, for terminals. Numbers stand to the right. */
export function textTable(rows: readonly (readonly (string | number)[])[], indent = ''): string {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => String(row[i] ?? '').length)),
  )
  const cell = (value: string | number, width: number) =>
    typeof value === 'number' ? String(value).padStart(width) : value.padEnd(width)
  return rows
    .map((row) => `${indent}${row.map((value, i) => cell(value, widths[i]!)).join('  ')}`.trimEnd())
    .join('\n')
}

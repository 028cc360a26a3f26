/** Whole days by the clock of this device. */

/** As `<input type="date">` has it; empty for none. */
export function dateText(time: string | null): string {
  if (time === null) return ''
  const date = new Date(time)
  const two = (value: number) => String(value).padStart(2, '0')
  return [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
}

export function dayStart(text: string): string | null {
  return text === '' ? null : new Date(`${text}T00:00:00`).toISOString()
}

/** Its last moment. */
export function dayEnd(text: string): string | null {
  return text === '' ? null : new Date(`${text}T23:59:59.999`).toISOString()
}

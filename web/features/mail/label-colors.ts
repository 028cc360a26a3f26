/** Colours of labels, each with 4.5:1 against white text (WCAG 2.2 §1.4.3). */
export const labelColors = [
  '#006a4e',
  '#0b6e99',
  '#2f5fb3',
  '#6b4fb3',
  '#a03a8c',
  '#b3284e',
  '#b5402a',
  '#8f5a00',
  '#57691b',
  '#4a5568',
] as const

/** Black or white, whichever is read better on the colour (relative luminance, WCAG 2.2). */
export function inkOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  return luminance > 0.179 ? '#000' : '#fff'
}

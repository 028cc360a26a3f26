/** Colours, type and density. One accent: the green of the flag. */
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'

const green: MantineColorsTuple = [
  '#eef8f4',
  '#dcefe7',
  '#b5dfce',
  '#8acfb3',
  '#63bf9b',
  '#3fae86',
  '#12805c',
  '#006a4e',
  '#005740',
  '#004331',
]

const red: MantineColorsTuple = [
  '#fdf0f0',
  '#fadcdd',
  '#f3b9bb',
  '#ec9194',
  '#ff8a8f',
  '#e05a60',
  '#c93a41',
  '#c4242d',
  '#a51c24',
  '#84161c',
]

/** From text to ground. */
const dark: MantineColorsTuple = [
  '#dfe4e1',
  '#bcc4c0',
  '#8f9994',
  '#6b7570',
  '#3a423e',
  '#2b322f',
  '#212725',
  '#191e1c',
  '#131716',
  '#0d100f',
]

/** Dimmed text is darker than Mantine's: 4.5:1 on tinted grounds too (WCAG 2.2 §1.4.3). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#56615c',
    '--mantine-color-text': '#17201c',
    '--mantine-color-error': '#c4242d',
  },
  dark: {
    '--mantine-color-dimmed': '#a3ada8',
    '--mantine-color-error': '#ff8a8f',
    // Mantine's own is a brown on which links can't be read.
    '--mantine-color-yellow-light': '#2a2415',
  },
})

export const theme = createTheme({
  primaryColor: 'green',
  primaryShade: { light: 7, dark: 6 },
  colors: { green, red, dark },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  // The first has Bengali letters alone. Behind others Chromium draws boxes for what it loads too late.
  fontFamily: "'Noto Sans Bengali Variable', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace:
    "ui-monospace, SFMono-Regular, Menlo, Monaco, Consolas, 'Liberation Mono', monospace, 'Noto Sans Bengali Variable'",
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.125rem' }, h3: { fontSize: '1rem' } },
  },
  components: {
    // Told apart from the text around it by more than colour (WCAG 2.2 §1.4.1).
    Anchor: { defaultProps: { underline: 'always' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { openDelay: 400, withArrow: true } },
    Modal: { defaultProps: { centered: true } },
  },
})

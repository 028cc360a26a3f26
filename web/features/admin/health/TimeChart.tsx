/** Lines over time. */
import 'uplot/dist/uPlot.min.css'
import { useComputedColorScheme } from '@mantine/core'
import { useElementSize, useMergedRef } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import UPlot, { type AlignedData, type Options } from 'uplot'
import { useWords } from '#web/app/language.tsx'

export interface ChartLine {
  label: string
  values: readonly (number | null)[]
  color: 'green' | 'yellow' | 'red' | 'blue'
}

export interface TimeChartProps {
  /** What it shows, in words. */
  label: string
  height: number
  /** Milliseconds since the epoch, oldest first. */
  times: readonly number[]
  lines: readonly ChartLine[]
  format: (value: number) => string
  /** There is nothing between two whole numbers. */
  isWhole: boolean
  /** One value for each day. */
  isDaily?: boolean
  /** The index that is pointed at. */
  onPoint: (index: number | undefined) => void
}

export function TimeChart({
  label,
  height,
  times,
  lines,
  format,
  isWhole,
  isDaily = false,
  onPoint,
}: TimeChartProps) {
  const { locale } = useWords()
  const scheme = useComputedColorScheme()
  const { ref, width } = useElementSize<HTMLDivElement>()
  const place = useRef<HTMLDivElement>(null)
  const measured = useMergedRef(ref, place)
  const chart = useRef<UPlot | undefined>(undefined)
  const latest = useRef({ format, onPoint })
  latest.current = { format, onPoint }
  const data: AlignedData = [times.map((time) => time / 1000), ...lines.map(({ values }) => [...values])]
  const shape = lines.map(({ color }) => color).join()

  useEffect(() => {
    if (!place.current || width === 0) return
    const options = optionsOf(place.current, {
      width,
      height,
      locale,
      colors: shape.split(','),
      isWhole,
      isDaily,
      latest,
    })
    const made = new UPlot(options, data, place.current)
    chart.current = made
    return () => {
      made.destroy()
      chart.current = undefined
    }
  }, [width, height, locale, scheme, shape, isDaily])

  useEffect(() => chart.current?.setData(data), [times, lines])

  return <div ref={measured} role="img" aria-label={label} style={{ height }} />
}

interface Look {
  width: number
  height: number
  locale: string
  colors: readonly string[]
  isWhole: boolean
  isDaily: boolean
  latest: { current: Pick<TimeChartProps, 'format' | 'onPoint'> }
}

function optionsOf(
  place: HTMLElement,
  { width, height, locale, colors, isWhole, isDaily, latest }: Look,
): Options {
  const style = getComputedStyle(place)
  const variable = (name: string) => style.getPropertyValue(`--mantine-${name}`).trim()
  const ink = variable('color-dimmed')
  const axis = {
    stroke: style.color || ink,
    font: `11px ${style.fontFamily}`,
    grid: { stroke: variable('color-default-border'), width: 1 },
    ticks: { show: false },
  }
  const clock = new Intl.DateTimeFormat(
    locale,
    isDaily ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  )
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false } },
    // A line along zero is not worth half the height.
    scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, isWhole ? 4 : 1)] } },
    axes: [
      {
        ...axis,
        size: 26,
        ...(isDaily && { incrs: [1, 2, 5, 7, 14, 30, 90].map((days) => days * 86_400) }),
        values: (_, seconds) => seconds.map((second) => clock.format(second * 1000)),
      },
      {
        ...axis,
        size: 58,
        values: (_, values) => values.map((value) => latest.current.format(value)),
        ...(isWhole && { incrs: [1, 2, 5, 10, 50, 100, 500, 1000, 5000, 10_000, 100_000, 1_000_000] }),
      },
    ],
    series: [
      {},
      ...colors.map((color) => ({
        stroke: variable(`color-${color}-filled`),
        width: 2,
        points: { show: true, size: 4, filter: (chart: UPlot, line: number) => aloneIn(chart.data[line]!) },
        ...(colors.length === 1 && {
          fill: `color-mix(in srgb, ${variable(`color-${color}-filled`)} 12%, transparent)`,
        }),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => latest.current.onPoint(cursor.idx ?? undefined)] },
  }
}

/** Indices of values that no line leads to. */
function aloneIn(values: ArrayLike<number | null | undefined>): number[] {
  const has = (index: number) => values[index] !== null && values[index] !== undefined
  return Array.from(values, (_, index) => index).filter(
    (index) => has(index) && !has(index - 1) && !has(index + 1),
  )
}

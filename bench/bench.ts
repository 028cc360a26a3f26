/** What every benchmark shares. */
import type { ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'

/** Default export of `bench/<name>.ts`. */
export interface Bench {
  name: string
  /** What is measured, and how the sides are kept equal. */
  summary: string
  run(): Promise<BenchResult>
}

export interface BenchResult {
  /** Ours over the peer's, or the figure itself where a bar asks for one. */
  ratios: Record<string, number>
  /** For people, a row for each contender. */
  table: ({ name: string } & Record<string, string | number>)[]
}

/** Loads a package of `bench/peers`, which `bench/main.ts` installs. */
export const requirePeer = createRequire(new URL('peers/package.json', import.meta.url))

/**
 * Measures the contenders in turn, so that a noisy minute of the machine falls on all of them.
 * The first round warms up and is not counted; every other round goes the opposite way.
 */
export async function interleave(
  contenders: Record<string, () => Promise<number>>,
  rounds: number,
): Promise<Record<string, number[]>> {
  const names = Object.keys(contenders)
  const figures: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++)
    for (const name of round % 2 ? names : names.toReversed()) {
      const figure = await contenders[name]!()
      if (round > 0) figures[name]!.push(figure)
    }
  return figures
}

/** Compares medians with those of `ours`; the unit heads the column, `calls/s`. */
export function compare(figures: Record<string, number[]>, ours: string, unit: string): BenchResult {
  const ourMedian = median(figures[ours] ?? [])
  const rows = Object.entries(figures).map(([name, values]) => ({
    name,
    values,
    ratio: ourMedian / median(values),
  }))
  return {
    ratios: Object.fromEntries(
      rows.filter(({ name }) => name !== ours).map(({ name, ratio }) => [name, round(ratio)]),
    ),
    table: rows.map(({ name, values, ratio }) => ({
      name,
      [unit]: round(median(values)),
      lowest: round(Math.min(...values)),
      highest: round(Math.max(...values)),
      'ours / it': round(ratio),
    })),
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Three digits say all that is known. */
function round(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}

/** The next number it sends; rejects when it ends instead. */
export function nextNumber(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error(`${child.spawnargs.slice(1).join(' ')} has ended`))
    child.once('exit', onExit)
    child.once('message', (number: number) => {
      child.off('exit', onExit)
      resolve(number)
    })
  })
}

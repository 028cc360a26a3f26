/** The limits that count now, and what the settings say. */
import type { OutputOf } from '#contracts/client.ts'
import type { gateway } from '#contracts/gateway.ts'
import type { SettingValues } from '#platform/config.ts'
import type { Limit } from '#platform/limits/limits.ts'
import type { LimitPolicies } from './call-limits.ts'
import { settingOf } from './open.ts'
import type { protectionSettings } from './settings.ts'

type LimitViews = OutputOf<typeof gateway.calls.showLimits>['items']

export function limitViews(
  limits: LimitPolicies,
  settings: Pick<SettingValues<typeof protectionSettings>, (typeof settingOf)[keyof LimitPolicies]>,
): LimitViews {
  return (Object.keys(settingOf) as (keyof LimitPolicies)[]).map((name) => {
    const id = settingOf[name]
    return { id, rate: rateText(limits[name]), setting: rateText(settings[id]) }
  })
}

/** As `readRate` reads it. */
function rateText(limit: Limit | undefined): string {
  if (!limit) return 'none'
  const { uses, windowMs } = limit
  const [unitMs, unit] = units.find(([unitMs]) => windowMs % unitMs === 0) ?? [1000, 's']
  return `${uses}/${windowMs / unitMs}${unit}`
}

const units: readonly (readonly [number, string])[] = [
  [3_600_000, 'h'],
  [60_000, 'm'],
]

import { checkKills } from '#platform/bus/checks/crash.checks.ts'

checkKills(['commit', 'handle'], async () => null)

/** Gateways, services and their instances, with an arrow for what goes from one to the other. */
import { useElementSize } from '@mantine/hooks'
import { useWords } from '#web/app/language.tsx'
import {
  pictureOf,
  rowHeight,
  type Arrow,
  type GatewayBox,
  type ServiceBox,
  type Topology,
} from './picture.ts'
import { shortId, useRate } from './texts.ts'
import classes from './picture.module.css'

export function TopologyPicture({ topology }: { topology: Topology }) {
  const { t } = useWords()
  const { ref, width } = useElementSize()
  const picture = width > 0 ? pictureOf(topology, width) : undefined
  return (
    <div ref={ref}>
      {picture && (
        <svg
          className={classes.picture}
          viewBox={`0 0 ${picture.width} ${picture.height}`}
          width={picture.width}
          height={picture.height}
          role="img"
          aria-label={t('topology.picture')}
        >
          <defs>
            {(['calm', 'failing', 'idle'] as const).map((mood) => (
              <marker
                key={mood}
                id={`arrow-${mood}`}
                viewBox="0 0 8 8"
                refX="7"
                refY="4"
                markerUnits="userSpaceOnUse"
                markerWidth="9"
                markerHeight="9"
                orient="auto"
              >
                <path className={classes.head} data-mood={mood} d="M0 0.5 8 4 0 7.5z" />
              </marker>
            ))}
          </defs>
          {picture.arrows.map((arrow) => (
            <ArrowShape key={`${arrow.from.id} ${arrow.to.name}`} arrow={arrow} />
          ))}
          {picture.gateways.map((box) => (
            <GatewayShape key={box.id} box={box} />
          ))}
          {picture.services.map((box) => (
            <ServiceShape key={box.name} box={box} />
          ))}
        </svg>
      )}
    </div>
  )
}

function ArrowShape({ arrow }: { arrow: Arrow }) {
  const { t } = useWords()
  const rate = useRate()
  const { path, perSecond, ejected, failures, isInside } = arrow
  const mood = ejected > 0 ? 'failing' : perSecond > 0 ? 'calm' : 'idle'
  const text = isInside
    ? t('topology.inside')
    : `${rate(perSecond)} · ${t('topology.failures', { count: failures })}`
  return (
    <path
      className={classes.arrow}
      data-mood={mood}
      data-inside={isInside || undefined}
      d={path}
      // Ten times as much is one step wider.
      strokeWidth={1.5 + Math.min(4, Math.max(0, Math.log10(perSecond + 1)) * 1.5)}
      markerEnd={`url(#arrow-${mood})`}
    >
      <title>{text}</title>
    </path>
  )
}

function GatewayShape({ box: { id, view, instance, x, y, width, height } }: { box: GatewayBox }) {
  const { t, number } = useWords()
  const rate = useRate()
  return (
    <g transform={`translate(${x} ${y})`}>
      <rect className={classes.box} data-kind="gateway" width={width} height={height} rx={6} />
      <circle className={classes.dot} data-state={instance?.state ?? 'down'} cx={16} cy={21} r={5} />
      <text className={classes.name} x={28} y={26}>
        gateway
      </text>
      <text className={classes.small} x={width - 12} y={25} textAnchor="end">
        {shortId(id)}
      </text>
      {view ? (
        <>
          <text className={classes.figure} x={12} y={48}>
            {rate(view.perSecond)}
          </text>
          <text className={classes.small} x={12} y={67}>
            {t('topology.sockets', { count: number(view.openSockets) })}
          </text>
        </>
      ) : (
        <text className={classes.failing} x={12} y={48}>
          {t('topology.silent')}
        </text>
      )}
    </g>
  )
}

function ServiceShape({ box: { name, instances, perSecond, x, y, width, height } }: { box: ServiceBox }) {
  const { t } = useWords()
  const rate = useRate()
  return (
    <g transform={`translate(${x} ${y})`}>
      <rect className={classes.box} width={width} height={height} rx={6} />
      <text className={classes.name} x={12} y={25}>
        {name}
      </text>
      <text className={classes.figure} x={width - 12} y={25} textAnchor="end">
        {perSecond > 0 ? rate(perSecond) : ''}
      </text>
      {instances.map(({ id, state, version, services }, index) => {
        const own = services.find((service) => service.name === name)!
        const isEjected = own.ejectedBy.length > 0
        const about = [t(`instance.${state}`), isEjected && t('topology.ejected')].filter(Boolean).join(', ')
        return (
          <g key={id} transform={`translate(0 ${38 + index * rowHeight})`}>
            <circle className={classes.dot} data-state={isEjected ? 'down' : state} cx={16} cy={9} r={4.5} />
            <text className={classes.small} x={28} y={13.5}>
              {shortId(id)} · {version || '–'} · {about}
            </text>
            <text className={classes.small} x={width - 12} y={13.5} textAnchor="end">
              {own.perSecond > 0 && instances.length > 1 ? rate(own.perSecond) : ''}
            </text>
          </g>
        )
      })}
    </g>
  )
}

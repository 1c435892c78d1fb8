import type { Chart } from "./chart.ts"
import type { Lab } from "./lab.ts"

/** One of B0 to B9, the authorizer's, or of E1 and E2, the endpoints': what it measures, how, and what it holds. */
export interface Scenario {
  id: string
  title: string
  /** How it is set up, for the reader of the table: a sentence or two. */
  about: string
  run: (options: Options) => Promise<Outcome>
}

export interface Options {
  /** Opened at the first use, shared by all scenarios of a run. */
  lab: () => Promise<Lab>
  /** For a quick look: fewer rounds. */
  rounds: (usual: number) => number
  /** Then what takes minutes is left out, too. */
  isQuick: boolean
}

/** A line of a table: column → figure. */
export type Row = Record<string, string | number>

export interface Outcome {
  tables: { caption?: string; rows: Row[] }[]
  figures: Figure[]
  chart?: Chart
  /** What could not be measured here, and why. Never left out in silence. */
  missing?: string[]
}

/** A ratio of the run, or a count; never a time. Smaller is better, unless it says `atLeast`. */
export interface Figure {
  what: string
  value: number
  gate?: number
  aim?: number
  atLeast?: true
}

export const meets = ({ value, atLeast }: Figure, bar: number | undefined): boolean =>
  bar === undefined || (atLeast ? value >= bar : value <= bar)

/** A figure that missed its gate: the build fails; an aim only tells how far there is to go. */
export const missedGates = (outcome: Outcome): Figure[] =>
  outcome.figures.filter((figure) => !meets(figure, figure.gate))

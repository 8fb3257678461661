export { poolFigures } from './database-pools.ts';
export { type Pressure, watchEventLoop } from './event-loop.ts';
export { counter, type Figure, type FigureSource, figuresText, gauge, type Labels, type Sample } from './figures.ts';
export { createHistogram, type Histogram } from './histogram.ts';
export { processFigures } from './process.ts';
export { measureRequests } from './requests.ts';
export { type MetricsOptions, serveMetrics } from './serve.ts';

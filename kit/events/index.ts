export { type Consumer, createConsumer, type Feed } from './consumer.ts';
export { FeedPage, FeedQuery } from './feed-contract.ts';
export { feedFigures, outboxFigure } from './figures.ts';
export { appendEvents, type Event, type NewEvent, readFeed } from './outbox.ts';
export { deleteOldConsumed, deleteOldOutbox } from './retention.ts';

/** How long ago, as tables say it: `5s`, `3m20s`, `47h`, `12d`, `2y30d`. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Two units where the larger is small, one where more would be noise; as upstream's HumanDuration. */
export function humanDuration(milliseconds: number): string {
  if (milliseconds <= -2 * SECOND) return "<invalid>";
  if (milliseconds < 0) return "0s";
  const seconds = Math.floor(milliseconds / SECOND);
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(milliseconds / MINUTE);
  if (minutes < 10) return both(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(milliseconds / HOUR);
  if (hours < 8) return both(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (hours < 192) return both(Math.floor(hours / 24), "d", hours % 24, "h");
  const days = Math.floor(milliseconds / DAY);
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(milliseconds / YEAR);
  return years < 8 ? both(years, "y", days % 365, "d") : `${years}y`;
}

function both(large: number, unit: string, small: number, smallUnit: string): string {
  return small ? `${large}${unit}${small}${smallUnit}` : `${large}${unit}`;
}

export function ageOf(timestamp: string | undefined, now: number): string {
  return timestamp ? humanDuration(now - Date.parse(timestamp)) : "<unknown>";
}

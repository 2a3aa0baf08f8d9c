// Streams painted on a canvas: somebody in front of a wall, or a slide.

/** Returns a stream of a painted picture. Person 5 holds the phone upright. */
export function paintedStream(id: number, source: 'camera' | 'screen'): MediaStream {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = source === 'screen' ? [1920, 1200] : id === 5 ? [360, 640] : [1280, 720];
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser has no canvas');
  const draw = () => (source === 'screen' ? paintSlide(context) : paintPerson(context, id));
  draw();
  // A canvas that stands still sends nothing to a video that comes later.
  setInterval(draw, 200);
  return canvas.captureStream(5);
}

function paintPerson(context: CanvasRenderingContext2D, id: number): void {
  const { width, height } = context.canvas;
  const hue = ((id * 3) % 8) * 45;
  const wall = context.createLinearGradient(0, 0, width, height);
  wall.addColorStop(0, `hsl(${hue} 18% 62%)`);
  wall.addColorStop(1, `hsl(${hue + 30} 22% 38%)`);
  context.fillStyle = wall;
  context.fillRect(0, 0, width, height);
  const size = Math.min(width, height);
  const sway = Math.sin(performance.now() / 900 + id) * size * 0.01;
  context.fillStyle = `hsl(${hue + 160} 30% 34%)`;
  context.beginPath();
  context.ellipse(width / 2 + sway, height * 1.02, size * 0.42, size * 0.36, 0, 0, 7);
  context.fill();
  context.fillStyle = `hsl(${20 + (id % 3) * 6} 38% ${34 + (id % 4) * 10}%)`;
  context.beginPath();
  context.ellipse(width / 2 + sway, height * 0.45, size * 0.15, size * 0.2, 0, 0, 7);
  context.fill();
}

function paintSlide(context: CanvasRenderingContext2D): void {
  const { width, height } = context.canvas;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.fillStyle = '#1b2733';
  context.font = '600 84px sans-serif';
  context.fillText('Flood response: week 32', 120, 200);
  context.font = '44px sans-serif';
  const lines = ['14 districts reporting', 'Two relief routes reopened', 'Next update at 16:00'];
  for (const [row, line] of lines.entries()) context.fillText(`•  ${line}`, 130, 340 + row * 84);
  for (const [column, value] of [0.4, 0.7, 0.55, 0.9, 0.65].entries()) {
    context.fillStyle = column === 3 ? '#f2a900' : '#4c6ef5';
    context.fillRect(1160 + column * 120, 1040 - value * 600, 84, value * 600);
  }
  context.fillStyle = '#9aa5b4';
  context.fillText(new Date().toISOString().slice(11, 19), 120, height - 100);
}

// What ECharts measures texts with. Its own way is one canvas for the life of the page, and Chromium keeps what it found
// out about every text that a canvas has measured: a page that is left open grew by about 9 KB an update.
import { echarts } from "nicegui-echart";

const TEXTS_A_CANVAS = 1000;
let canvas, font, left = 0;
echarts.setPlatformAPI({
  measureText(text, wanted = "12px sans-serif") {
    if (left-- <= 0) {
      canvas = document.createElement("canvas").getContext("2d");
      font = null;
      left = TEXTS_A_CANVAS;
    }
    if (font !== wanted) canvas.font = font = wanted;
    return canvas.measureText(text);
  },
});

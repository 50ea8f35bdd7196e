/** Charts as SVG, of whatever a run of the lab measured. */
@NullMarked
package io.dragonfly.lab.chart;

import org.jspecify.annotations.NullMarked;

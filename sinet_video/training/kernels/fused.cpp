// The kernels of training on a CPU, as Python sees them. All take float32 and bfloat16. They are
// built as one unit, as torch's headers take most of the time.
#include <torch/csrc/utils/pybind.h>

#include "depthwise.h"
#include "last_layer.h"
#include "norm_act.h"
#include "upsample.h"

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  using NoGil = pybind11::call_guard<pybind11::gil_scoped_release>;
  m.attr("width") = WIDTH;
#ifdef __AVX512BF16__
  m.attr("bfloat16_is_fast") = true;
#else
  m.attr("bfloat16_is_fast") = false;
#endif
  m.def("norm_act", &norm_act, NoGil());
  m.def("depthwise", &depthwise, NoGil());
  m.def("last_layer", &last_layer, NoGil());
  m.def("upsample", &upsample, NoGil());
}

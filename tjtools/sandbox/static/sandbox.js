// The cookie banner and the sign-in form, as far as they need a script.
$(function () {
  "use strict";

  $("#acceptAll").on("click", function () {
    document.cookie = "cookie_consent=all; path=/; max-age=31536000; samesite=lax";
    $(".cookieBanner").remove();
  });

  const banner = $(".cookieBanner[data-after]");
  window.setTimeout(function () {
    banner.prop("hidden", false);
  }, Number(banner.data("after")));

  $("#robot").on("change", function () {
    $("#submitBtn").prop("disabled", !this.checked);
  });
});

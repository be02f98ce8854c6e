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

  $(document).on("change", "#robot", function () {
    $("#submitBtn").prop("disabled", !this.checked);
  });

  $(document).on("click", "a[target=google]", function (event) {
    event.preventDefault();
    window.open(this.href, "google", "popup,width=480,height=520");
  });

  if ($("form[data-signed-in]").length) {
    (window.opener || window).location.assign("/campaigns");
    window.close();
  }

  function leaveLate() {
    const shell = $("#shell[data-leaves-after]");
    if (shell.length) {
      window.setTimeout(() => window.location.assign("/login"), Number(shell.data("leaves-after")));
    }
  }

  $(document).on("signedOut", leaveLate);
  leaveLate();
});
